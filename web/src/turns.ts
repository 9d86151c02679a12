const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

/** pause lets messages that have arrived be handled; unlike a timer it is not slowed down. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    turns.port2.postMessage(0);
  });
}

const TYPING = 400; // milliseconds: keystrokes that follow faster are typing
const SETTLE = 120;

/**
 * Typing keeps the model from reading every prefix of a query that is being
 * typed, which would hold up the keyword results of the next one: a search that
 * comes soon after another waits a moment for a third.
 */
export class Typing {
  private last = -Infinity;

  /** began notes a search and returns whether another one came just before. */
  began(): boolean {
    const before = this.last;
    this.last = performance.now();
    return this.last - before < TYPING;
  }

  async settled(typing: boolean, signal: AbortSignal): Promise<void> {
    if (typing) await new Promise((resolve) => setTimeout(resolve, SETTLE));
    else await pause();
    signal.throwIfAborted();
  }
}
