import { gunzip } from "./gunzip.ts";
import type { Ref } from "./reader.ts";

/** Where files come from. get returns a file's bytes as stored, already compared with its name. */
export interface Fetcher {
  get(ref: Ref, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a search had to fetch. */
export interface Transferred {
  files: number;
  bytes: number;
}

/** One search as the loader sees it: what ends it, what it fetched and how long it waited. */
export class Need {
  readonly transferred: Transferred = { files: 0, bytes: 0 };
  /** Milliseconds in which at least one file was waited for. */
  waited = 0;
  private readonly started = performance.now();
  private waiting = 0;
  private since = 0;

  constructor(readonly signal: AbortSignal | undefined) {}

  /** worked returns the milliseconds since the start without those waited. */
  worked(): number {
    return performance.now() - this.started - this.waited;
  }

  /** wait counts the time until a promise settles, or the signal ends the search. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    if (this.waiting++ === 0) this.since = performance.now();
    try {
      return await unlessAborted(promise, this.signal);
    } finally {
      if (--this.waiting === 0) this.waited += performance.now() - this.since;
    }
  }
}

type Parse<T> = (raw: Uint8Array<ArrayBuffer>, file: string) => T;

interface Flight {
  ref: Ref;
  start: () => void;
  promise: Promise<unknown>;
  needs: Set<Need>; // who waits for it
}

const PARALLEL = 6;
const MEMORY = 8 << 20;

/**
 * Loader fetches files, parses each once and keeps the parsed form of those used
 * last. Requests for the same file are one request. A search that is ended leaves
 * the queue; what is already on its way arrives and is kept, because the next
 * keystroke most likely needs it.
 */
export class Loader {
  private readonly kept = new Map<string, { value: unknown; raw: number }>(); // least recently used first
  private keptBytes = 0;
  private readonly flights = new Map<string, Flight>();
  private queue: Flight[] = [];
  private running = 0;
  private readonly closing = new AbortController();

  constructor(private readonly fetcher: Fetcher, private readonly memory = MEMORY) {}

  /** load returns the parsed form of a file. It rejects with the signal's reason if the search is ended before. */
  async load<T>(ref: Ref, parse: Parse<T>, need: Need): Promise<T> {
    need.signal?.throwIfAborted();
    const kept = this.kept.get(ref.name);
    if (kept) {
      this.kept.delete(ref.name);
      this.kept.set(ref.name, kept);
      return kept.value as T;
    }
    let flight = this.flights.get(ref.name);
    if (!flight) {
      flight = this.enqueue(ref, parse);
    }
    if (!flight.needs.has(need)) {
      flight.needs.add(need);
      need.transferred.files++;
      need.transferred.bytes += ref.bytes;
    }
    this.startSome();
    return need.wait(flight.promise as Promise<T>);
  }

  /** close ends all requests; nothing may be loaded afterwards. */
  close(reason: unknown): void {
    this.closing.abort(reason);
    this.kept.clear();
    this.keptBytes = 0;
  }

  private enqueue<T>(ref: Ref, parse: Parse<T>): Flight {
    let start = (): void => {};
    const turn = new Promise<void>((resolve) => (start = resolve));
    const signal = this.closing.signal;
    const promise = turn
      .then(async () => {
        signal.throwIfAborted();
        const raw = await gunzip(await this.fetcher.get(ref, signal), ref);
        const value = parse(raw, `${ref.name}.bin`);
        this.keep(ref, value);
        return value;
      })
      .finally(() => {
        this.flights.delete(ref.name);
        this.running--;
        this.startSome();
      });
    promise.catch(() => {}); // all who wait may be gone
    const flight: Flight = { ref, start, promise, needs: new Set() };
    this.flights.set(ref.name, flight);
    this.queue.push(flight);
    return flight;
  }

  private startSome(): void {
    while (this.running < PARALLEL) {
      const flight = this.queue.shift();
      if (!flight) return;
      if ([...flight.needs].every((need) => need.signal?.aborted)) {
        this.flights.delete(flight.ref.name);
        continue;
      }
      this.running++;
      flight.start();
    }
  }

  private keep(ref: Ref, value: unknown): void {
    if (this.closing.signal.aborted || ref.raw > this.memory) return;
    this.kept.set(ref.name, { value, raw: ref.raw });
    this.keptBytes += ref.raw;
    for (const [name, { raw }] of this.kept) {
      if (this.keptBytes <= this.memory) break;
      this.kept.delete(name);
      this.keptBytes -= raw;
    }
  }
}

/** unlessAborted rejects with the signal's reason as soon as there is one. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
