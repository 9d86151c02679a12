import type { Results, SearchOptions } from "../src/types.ts";
import type { Engine } from "./source.ts";

/** What comes of a query. */
export interface Outcome {
  /** The engine is there; it returns what to search with. */
  begins(engine: Engine): Omit<SearchOptions, "signal">;
  /** Results came that will be shown with the next frame: what can be done before is done now. */
  arrives(results: Results): void;
  shows(results: Results): void;
  fails(error: Error): void;
}

/**
 * Asking runs the newest query, and hands over its results with the next frame:
 * of several that come within one, the newest. While a pointer is down on the
 * list they wait, so that what is about to be chosen doesn't change under it.
 */
export class Asking {
  private turn = new AbortController(); // of the newest query
  private pending: Results | undefined;
  private frame = 0;
  private held = false;

  constructor(private readonly open: () => Promise<Engine>, private readonly outcome: Outcome) {}

  /** ask replaces the query before. */
  async ask(query: string): Promise<void> {
    this.stop();
    const { signal } = this.turn;
    try {
      const engine = await this.open();
      if (signal.aborted) return;
      for await (const results of engine.search(query, { ...this.outcome.begins(engine), signal })) {
        if (signal.aborted) return;
        this.receive(results);
      }
    } catch (thrown) {
      if (!signal.aborted) this.outcome.fails(thrown as Error);
    }
  }

  /** stop ends the query; nothing of it is handed over any more. */
  stop(): void {
    this.turn.abort();
    this.turn = new AbortController();
    this.pending = undefined;
  }

  /** hold keeps results back until the pointer is up again, and its click is over. */
  hold(): void {
    this.held = true;
    const release = (): void => {
      removeEventListener("pointerup", release);
      removeEventListener("pointercancel", release);
      setTimeout(() => {
        this.held = false;
        this.flush();
      });
    };
    addEventListener("pointerup", release);
    addEventListener("pointercancel", release);
  }

  private receive(results: Results): void {
    this.pending = results;
    if (!this.held) this.outcome.arrives(results);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.flush();
    });
  }

  private flush(): void {
    const results = this.pending;
    if (!results || this.held) return;
    this.pending = undefined;
    this.outcome.shows(results);
  }
}
