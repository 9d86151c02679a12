/**
 * release gives the memory of bytes back that nobody reads any more. Workers
 * collect garbage late, long after a model of many megabytes went through them;
 * an engine that cannot do without that is left to it.
 */
export function release(bytes: Uint8Array<ArrayBuffer>): void {
  (bytes.buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer }).transfer?.(0);
}
