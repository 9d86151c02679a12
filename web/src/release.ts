// A port whose other end is closed: what is sent through it is gone.
const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();

/**
 * release gives the memory of bytes back that nobody reads any more. Workers
 * collect garbage late, long after a model of many megabytes went through them,
 * and Chromium holds on to what it made itself, such as parts of a body, until
 * then, detached or not: unless it is sent away.
 */
export function release(bytes: Uint8Array<ArrayBuffer>): void {
  nowhere.postMessage(undefined, [bytes.buffer]);
}
