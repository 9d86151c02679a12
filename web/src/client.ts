import { Connection } from "./connection.ts";
import { Feed } from "./feed.ts";
import type { EmbedOptions, FilterValue, Hit, OpenOptions, Results, Search, Searcher, SearchOptions, Status } from "./types.ts";

/**
 * open opens the index in a folder: that of index.json, as `effir index` makes it.
 * It resolves when the index can be searched by keyword, and rejects with an
 * error that says what is wrong. All work is done in a Web Worker. Without an
 * index, for null, texts can be embedded but nothing can be searched.
 *
 *     const search = await open("/effir/");
 *     for await (const { mode, hits } of search.search("cancel a request")) show(mode, hits);
 */
export async function open(url: string | URL | null, options: OpenOptions = {}): Promise<Search> {
  const { runtime, model, kernels = "auto", meaning = "auto", threads, signal, onProgress } = options;
  const site = url === null ? "" : folder(url);
  const scripts = runtimes(runtime, ...(site ? [site] : []));
  const connection = await Connection.connect(
    scripts,
    { source: { site }, model: folder(model ?? new URL("model/", site || scripts[0])), kernels, meaning, threads: threadsOf(threads) },
    onProgress,
    signal,
  );
  return new SiteClient(connection);
}

/** What all indexes can do. */
export class Client implements Searcher {
  private stopSearch: () => void = () => {};

  constructor(protected readonly connection: Connection) {}

  get status(): Status {
    return this.connection.status;
  }

  onStatus(listener: (status: Status) => void): () => void {
    return this.connection.onStatus(listener);
  }

  search(query: string, { signal, ...options }: SearchOptions = {}): AsyncIterable<Results> {
    this.stopSearch();
    const results = new Feed<Results>();
    const cancel = this.connection.call("search", { query, options }, signal, {
      item: (found) => results.push(found),
      done: () => results.end(),
      failed: (error) => results.end(error),
    });
    this.stopSearch = () => {
      cancel();
      results.end();
    };
    return results.iterate(cancel);
  }

  async loadMeaning(): Promise<void> {
    await this.connection.ask("meaning", null);
  }

  close(): void {
    this.connection.close();
  }
}

/** The client of a site's index. */
class SiteClient extends Client implements Search {
  embed(texts: string[], { kind = "query", signal }: EmbedOptions = {}): Promise<Float32Array[]> {
    return this.connection.ask("embed", { texts, kind }, signal);
  }

  related(page: number, { limit = 6, signal }: { limit?: number; signal?: AbortSignal } = {}): Promise<Hit[]> {
    return this.connection.ask("related", { page, limit }, signal);
  }

  filters(): Promise<Record<string, FilterValue[]>> {
    return this.connection.ask("filters", null);
  }

  async refresh(): Promise<void> {
    await this.connection.ask("refresh", null);
  }
}

/** folder returns the absolute URL of a folder, ending in a slash. */
export function folder(url: string | URL): string {
  const absolute = new URL(url, document.baseURI);
  if (!absolute.pathname.endsWith("/")) absolute.pathname += "/";
  return absolute.href;
}

/** threadsOf refuses numbers of threads that make no sense. */
export function threadsOf(wanted: number | undefined): number | undefined {
  if (wanted === undefined || (Number.isInteger(wanted) && wanted >= 1 && wanted <= 16)) return wanted;
  throw new Error(`threads is ${wanted}: give a whole number from 1 to 16, or nothing`);
}

/** runtimes lists the folders that a worker may be started from. */
export function runtimes(wanted: string | URL | undefined, ...others: string[]): string[] {
  const list = wanted === undefined ? [folder(new URL("./", import.meta.url)), ...others] : [folder(wanted)];
  return [...new Set(list)];
}
