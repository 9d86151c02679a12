/** How a text is used; a model may put different words before the two. */
export type Kind = "query" | "passage";

/** Which kernel module computes. */
export type Kernels = "relaxed" | "baseline";

/** How relaxed kernels multiply: by instructions that add two products, or four. */
export type Products = "twos" | "fours";

/** By words, by meaning, or by both. */
export type Mode = "keyword" | "fused" | "semantic";

/** Where things are and when meaning is wanted. Relative URLs are resolved against the page. */
export interface OpenOptions {
  /** Ends the opening; open() then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called now and at every change of the status, as by Search.onStatus. */
  onProgress?: (status: Status) => void;
  /**
   * Folder of worker.js, guest.wasm, kernels_baseline.wasm and
   * kernels_relaxed.wasm, on the page's own origin. Default: the folder of this
   * script, or the index's if browsers start no worker from there.
   */
  runtime?: string | URL;
  /** Folder of the model package (model.json). Default: model/ in the index's folder. */
  model?: string | URL;
  /**
   * Which kernels to use. Default "auto": relaxed where the browser has relaxed
   * SIMD and computes with it as it should on a start-up check, else baseline.
   * Results never depend on it, only speed does. Where a browser gets both wrong,
   * search stays by keyword, and the status names the operation.
   */
  kernels?: Kernels | "auto";
  /**
   * When the model is loaded, some ten megabytes. Default "auto": in the
   * background after the first keyword results, but under Save-Data and on slow
   * or metered connections only when a search asks for mode "fused" or
   * "semantic", or by loadMeaning(). "always": without regard to the
   * connection. "never": search stays by keyword, embed() refuses.
   */
  meaning?: "auto" | "always" | "never";
  /**
   * The most workers that embed at a time, 1 to 16. Default: one for each
   * processor, at most four, fewer on devices with less than 8 GB of memory, as
   * each holds the model. More than one is used only for many texts, once more
   * than some half a second of work is left (PAYS in team.ts), and let go after ten
   * seconds without any. The page need not be cross-origin isolated.
   */
  threads?: number;
}

export interface SearchOptions {
  /**
   * Default "auto": keyword results at once, fused ones behind them if the model
   * is ready or on its way. "keyword": only those. "fused": as auto, and the
   * model is loaded if it is not. "semantic": one result, by meaning alone.
   */
  mode?: "auto" | Mode;
  /** The most pages to return. Default 10. */
  limit?: number;
  /** For each key one of these values; all keys must fit. */
  filters?: Record<string, string | string[]>;
  /** Sorts by a sort key instead of by score. */
  sort?: { by: string; descending?: boolean };
  /** Ends the search; its iteration then throws the signal's reason. */
  signal?: AbortSignal;
}

/** One passage of a page that was found. */
export interface PassageHit {
  /** The passage's number in the index. */
  id: number;
  /** The page's URL with the anchor of the passage's heading. */
  url: string;
  heading: string;
  text: string;
  /** [start, end) in UTF-16 units of text: words that the query holds. */
  highlights: [start: number, end: number][];
  score: number;
}

/** One page that was found. A rank counts from 1 and is 0 where that ranker did not find the page. */
export interface Hit {
  /** The page's number in the index: what related() takes. */
  page: number;
  /** The id that a document was added with; only in an index made by createIndex(). */
  id?: string;
  url: string;
  title: string;
  language: string;
  image?: string;
  meta: Record<string, string>;
  score: number;
  keywordRank: number;
  semanticRank: number;
  /** At most three, best first. */
  passages: PassageHit[];
}

/** Milliseconds that the stages of one search took in the worker; those that did not run are absent. */
export interface Timings {
  /** Finding and ranking by words. */
  keyword?: number;
  /** The model's reading of the query. */
  embed?: number;
  /** Comparing the query's vector with the passages' and ranking anew. */
  scan?: number;
  /** Waiting for files of the index; none of the other three includes it. */
  fetch?: number;
}

export interface Results {
  query: string;
  mode: Mode;
  hits: Hit[];
  timings: Timings;
  /** Tokens of the query as the model read it; 0 before it took part. */
  tokens: number;
  /** Files of the index, in all, that this query needed and that were not in memory: from the network, or the cache of an earlier visit. */
  transferred: { files: number; bytes: number };
  /** No more results of this query follow. */
  final: boolean;
}

export type Stage = "off" | "loading" | "ready" | "failed";

export interface IndexStatus {
  stage: Stage;
  pages: number;
  passages: number;
  /** Pages in each language. */
  languages: Record<string, number>;
  /** Whether the index holds vectors, so that it can be searched by meaning. */
  meaning: boolean;
  error?: string;
}

/**
 * "waiting": the model will be loaded once it is needed, after the first keyword
 * results or when asked for. "off": the index has no vectors, or meaning is "never".
 */
export type ModelStage = Stage | "waiting";

export interface ModelStatus {
  stage: ModelStage;
  name: string;
  /** Verified bytes so far and in all. */
  loaded: number;
  total: number;
  /** How many of the loaded bytes came from the cache of an earlier visit. */
  cached: number;
  /** Why nothing is loaded unasked while the stage is "waiting". */
  held?: "save-data" | "metered" | "slow";
  error?: string;
}

export interface Status {
  /** Undefined until the guest has started. */
  kernels?: Kernels;
  /** Which way to multiply is faster here, of relaxed kernels; undefined until it has been measured, some time after the first text. */
  products?: Products;
  index: IndexStatus;
  model: ModelStatus;
  /** Bytes of WebAssembly memory in the workers. */
  memory: number;
  /** How many workers embed at the moment, if any does. */
  threads?: number;
  /** How often the worker or its guest was started again after it stopped. */
  restarts: number;
}

/** A value that pages are filtered by, and how many pages have it. */
export interface FilterValue {
  value: string;
  pages: number;
}

export interface EmbedOptions {
  /** Default "query". */
  kind?: Kind;
  signal?: AbortSignal;
}

/** What an index of any kind answers. */
export interface Searcher {
  /** What is loaded so far. */
  readonly status: Status;
  /** onStatus calls listener now and at every change, until the returned function is called. */
  onStatus(listener: (status: Status) => void): () => void;
  /**
   * search yields keyword results at once and fused ones as soon as the model is
   * ready; the last of them is `final`. A newer search replaces an older one,
   * whose iteration then ends early and quietly.
   */
  search(query: string, options?: SearchOptions): AsyncIterable<Results>;
  /** loadMeaning loads the model now, whatever the connection; it resolves when meaning is ready. */
  loadMeaning(): Promise<void>;
  /** close ends the work and whatever is pending. */
  close(): void;
}

/** A site's index, opened by open(). */
export interface Search extends Searcher {
  /** embed returns one vector of unit length for each text, in their order; it loads the model if need be. */
  embed(texts: string[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** related returns the pages nearest in meaning to a page, as computed when the site was indexed. */
  related(page: number, options?: { limit?: number; signal?: AbortSignal }): Promise<Hit[]>;
  /** filters returns the values of each filter key. */
  filters(): Promise<Record<string, FilterValue[]>>;
  /** refresh takes over a newer index, and tries again to load what had failed. */
  refresh(): Promise<void>;
}

/** A document that exists only in the page. */
export interface LocalDocument {
  /** Adding another document with the same id replaces this one. */
  id: string;
  title?: string;
  text: string;
  url?: string;
  meta?: Record<string, string>;
}

/** Where a local index is kept: the origin-private file system, or what a browser has instead; "memory": it ends with the tab. */
export type Stored = "opfs" | "indexeddb" | "memory";

export interface LocalIndexOptions {
  signal?: AbortSignal;
  onProgress?: (status: Status) => void;
  runtime?: string | URL;
  /** Folder of the model package. Default: model/ in the runtime's folder. */
  model?: string | URL;
  kernels?: Kernels | "auto";
  /** As in OpenOptions; "never" makes an index that is searched by keyword alone. */
  meaning?: "auto" | "always" | "never";
  /** As in OpenOptions. */
  threads?: number;
}

export interface AddOptions {
  signal?: AbortSignal;
  onProgress?: (progress: AddProgress) => void;
}

export interface AddProgress {
  /** Documents of this add that can be found by keyword, and how many it has. */
  stored: number;
  total: number;
  /** Passages that were embedded, of all that were to be, which grow with what is stored. */
  embedded: number;
  passages: number;
}

/** An index of documents that exist only in the page; it is kept in the browser's storage. */
export interface LocalIndex extends Searcher {
  readonly name: string;
  readonly storage: Stored;
  /** Documents in the index. */
  readonly size: number;
  /**
   * add stores documents; they can be found by keyword when stored, by meaning
   * when embedded, which the promise waits for, unless meaning is "never" or the
   * model waits for better times or has failed: see status. An aborted add keeps
   * what it has stored; what is not embedded is embedded by the next add().
   */
  add(documents: LocalDocument[], options?: AddOptions): Promise<void>;
  remove(ids: string[]): Promise<void>;
  /** documents returns ids and titles of what is stored, in the order of adding. */
  documents(): Promise<{ id: string; title: string }[]>;
  /** clear removes all documents, also from the storage. */
  clear(): Promise<void>;
}
