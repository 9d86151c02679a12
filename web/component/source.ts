import { open } from "../src/index.ts";
import type { FilterValue, OpenOptions, Searcher, Status } from "../src/types.ts";

/** What the component searches: a site's index, a local one, or anything that answers alike. */
export interface Engine extends Searcher {
  filters?(): Promise<Record<string, FilterValue[]>>;
  refresh?(): Promise<void>;
}

/** Source opens an index when it is first needed, or holds one that the page has opened. */
export class Source {
  /** The newest status; undefined before anything was opened. */
  status: Status | undefined;
  private opening: Promise<Engine> | undefined;
  private given: Engine | undefined;
  private life = new AbortController();

  /** where says what to open; changed is called at every new status, and when there is none any more. */
  constructor(private readonly where: () => { url: string; options: OpenOptions }, private readonly changed: () => void) {}

  /** The page's own engine, which the page closes. */
  get engine(): Engine | undefined {
    return this.given;
  }

  give(engine: Engine | undefined): void {
    this.close();
    this.given = engine;
    if (engine) void this.get();
  }

  /** get opens the index, or returns the one that is open. What failed is tried again by the next call. */
  get(): Promise<Engine> {
    if (this.opening) return this.opening;
    const { life } = this;
    if (this.given) {
      life.signal.addEventListener("abort", this.given.onStatus((status) => this.take(status)));
      return (this.opening = Promise.resolve(this.given));
    }
    const { url, options } = this.where();
    const opening = open(url, { ...options, signal: life.signal, onProgress: (status) => !life.signal.aborted && this.take(status) });
    this.opening = opening;
    opening.then(
      (engine) => (life.signal.aborted ? engine.close() : life.signal.addEventListener("abort", () => engine.close())),
      () => {
        if (this.opening === opening) this.opening = undefined;
      },
    );
    return opening;
  }

  /** close ends what was opened here, and no longer listens to what was given; the next get begins anew. */
  close(): void {
    this.life.abort(new DOMException("the search was closed", "AbortError"));
    this.life = new AbortController();
    this.opening = undefined;
    this.status = undefined;
    this.changed();
  }

  private take(status: Status): void {
    this.status = status;
    this.changed();
  }
}
