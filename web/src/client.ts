import type { Reply, Request } from "./protocol.ts";
import type { Kind, OpenOptions, Results, SearchOptions, Status } from "./types.ts";

const FIRST_STATUS: Status = {
  index: { stage: "loading", passages: 0, vectors: 0 },
  model: { stage: "loading", name: "", loaded: 0, total: 0, cached: 0 },
  restarts: 0,
};

/** What one request waits for. */
interface Pending {
  results?(results: Results): void;
  embeddings?(vectors: Float32Array[]): void;
  done(): void;
  failed(error: Error): void;
  /** Lets go of the caller's signal. */
  release?(): void;
}

/**
 * open starts the search engine in a Web Worker and returns at once; loading
 * goes on meanwhile, see Search.status.
 *
 *     const search = open({ index: "/search/", model: "/model/" });
 *     for await (const { mode, hits } of search.search("cancel a request")) show(mode, hits);
 */
export function open(options: OpenOptions): Search {
  return new Search(options);
}

/** A search engine in a Web Worker. All methods return without blocking the page. */
export class Search {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(status: Status) => void>();
  private lastId = 0;
  private searching = 0;
  private current = FIRST_STATUS;
  private broken: Error | undefined;

  /** @internal use open */
  constructor(options: OpenOptions) {
    const runtime = folder(options.runtime ?? new URL("./", import.meta.url));
    this.worker = new Worker(new URL("worker.js", runtime), { type: "module", name: "effir" });
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.receive(data);
    this.worker.onerror = (event) => this.fail(new Error(`the search worker failed: ${event.message || `${runtime}worker.js could not be loaded`}`));
    this.post({
      type: "open",
      options: {
        runtime,
        index: options.index === undefined ? undefined : folder(options.index),
        model: options.model === undefined ? undefined : folder(options.model),
        kernels: options.kernels ?? "auto",
      },
    });
  }

  /** What is loaded so far. */
  get status(): Status {
    return this.current;
  }

  /** onStatus calls listener now and at every change, until the returned function is called. */
  onStatus(listener: (status: Status) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }

  /**
   * search yields keyword results at once and fused ones as soon as the model is
   * ready; the last of them is `final`. A newer search replaces an older one,
   * whose iteration then ends early and quietly.
   */
  search(query: string, { limit = 10, signal }: SearchOptions = {}): AsyncIterable<Results> {
    const replaced = this.searching;
    const id = (this.searching = ++this.lastId);
    const results = new Feed<Results>();
    this.settle(replaced)?.done();
    this.start({ type: "search", id, query, limit }, signal, {
      results: (found) => results.push(found),
      done: () => results.end(),
      failed: (error) => results.end(error),
    });
    return results.iterate(() => this.cancel(id));
  }

  /** embed returns one vector of unit length for each text, in their order. */
  embed(texts: string[], kind: Kind = "query", signal?: AbortSignal): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      let made: Float32Array[] = [];
      this.start({ type: "embed", id: ++this.lastId, texts, kind }, signal, {
        embeddings: (vectors) => (made = vectors),
        done: () => resolve(made), // by now the status has come, too
        failed: reject,
      });
    });
  }

  /** refresh loads what is new of the index, such as more vectors. */
  refresh(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.start({ type: "refresh", id: ++this.lastId }, undefined, { done: resolve, failed: reject });
    });
  }

  /** close ends the worker and all that is pending. */
  close(): void {
    this.worker.terminate();
    this.broken = new Error("the search was closed");
    for (const id of [...this.pending.keys()]) this.settle(id)?.failed(this.broken);
    this.listeners.clear();
  }

  private start(request: Extract<Request, { id: number }>, signal: AbortSignal | undefined, pending: Pending): void {
    if (this.broken) return pending.failed(this.broken);
    if (signal?.aborted) return pending.failed(signal.reason as Error);
    const abort = (): void => {
      this.settle(request.id)?.failed(signal?.reason as Error);
      this.cancel(request.id);
    };
    signal?.addEventListener("abort", abort);
    this.pending.set(request.id, { ...pending, release: () => signal?.removeEventListener("abort", abort) });
    this.post(request);
  }

  private cancel(id: number): void {
    this.settle(id);
    if (!this.broken) this.post({ type: "cancel", id });
  }

  private receive(reply: Reply): void {
    switch (reply.type) {
      case "status":
        this.setStatus(reply.status);
        return;
      case "results":
        this.pending.get(reply.id)?.results?.(reply.results);
        return;
      case "embeddings":
        this.pending.get(reply.id)?.embeddings?.(reply.vectors);
        return;
      case "done":
        this.settle(reply.id)?.done();
        return;
      case "failed":
        this.settle(reply.id)?.failed(new Error(reply.message));
    }
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.release?.();
    return pending;
  }

  private fail(error: Error): void {
    this.broken = error;
    for (const id of [...this.pending.keys()]) this.settle(id)?.failed(error);
    const { index, model } = this.current;
    this.setStatus({
      ...this.current,
      index: { ...index, stage: "failed", error: error.message },
      model: { ...model, stage: "failed", error: error.message },
    });
  }

  private setStatus(status: Status): void {
    this.current = status;
    for (const listener of this.listeners) listener(status);
  }

  private post(request: Request): void {
    this.worker.postMessage(request);
  }
}

/** A queue from callbacks to one async iteration. */
class Feed<T> {
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

/** folder returns the absolute URL of a folder, ending in a slash. */
function folder(url: string | URL): string {
  const absolute = new URL(url, document.baseURI).href;
  return absolute.endsWith("/") ? absolute : `${absolute}/`;
}
