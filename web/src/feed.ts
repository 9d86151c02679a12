/** A queue from callbacks to one async iteration. */
export class Feed<T> {
  private readonly items: T[] = [];
  private ended = false;
  private error: Error | undefined;
  private wake: () => void = () => {};

  push(item: T): void {
    this.items.push(item);
    this.wake();
  }

  end(error?: Error): void {
    this.ended = true;
    this.error ??= error;
    this.wake();
  }

  /** iterate yields items until the end; left is called if the consumer stops before it. */
  async *iterate(left: () => void): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const item = this.items.shift();
        if (item !== undefined) yield item;
        else if (this.ended) break;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
      if (this.error) throw this.error;
    } finally {
      if (!this.ended) left();
    }
  }
}
