/** How a text is used; a model may put different words before the two. */
export type Kind = "query" | "passage";

/** Which kernel module computes. */
export type Kernels = "relaxed" | "baseline";

/** Where things are, all as URLs; relative ones are resolved against the page. */
export interface OpenOptions {
  /** Folder of guest.wasm, kernels_baseline.wasm, kernels_relaxed.wasm and worker.js. Default: the folder of this script. */
  runtime?: string | URL;
  /** Folder of a search bundle (index.json). Without it nothing can be searched. */
  index?: string | URL;
  /** Folder of a model package (model.json). Without it search is by keyword only. */
  model?: string | URL;
  /**
   * Which kernels to use. Default "auto": relaxed where the browser has relaxed
   * SIMD and it gives the baseline's bits on a start-up check, else baseline.
   * Results never depend on it, only speed does.
   */
  kernels?: Kernels | "auto";
}

export interface SearchOptions {
  /** The most hits to return. Default 10. */
  limit?: number;
  /** Ends the search; its iteration then throws the signal's reason. */
  signal?: AbortSignal;
}

/** One passage found. A rank counts from 1 and is 0 where that ranker did not find the passage. */
export interface Hit {
  doc: number;
  score: number;
  title: string;
  text: string;
  url: string;
  section: string;
  keywordRank: number;
  semanticRank: number;
}

/** Milliseconds that the stages of one search took in the worker. */
export interface Timings {
  keyword: number;
  /** The model's reading of the query: the fused search less the two others. Absent until the model took part. */
  embed?: number;
  /** Comparing the query's vector with all others. Absent until the model took part. */
  scan?: number;
}

export interface Results {
  query: string;
  mode: "keyword" | "fused";
  hits: Hit[];
  timings: Timings;
  /** Tokens that the model read; 0 before it took part. */
  tokens: number;
  /** No more results of this query follow. */
  final: boolean;
}

export type Stage = "off" | "loading" | "ready" | "failed";

export interface IndexStatus {
  stage: Stage;
  /** Passages that can be found by keyword. */
  passages: number;
  /** Passages that can be found by meaning, once the model is ready. */
  vectors: number;
  error?: string;
  /** Why the index's vectors are not used, although search by keyword works. */
  vectorsError?: string;
}

export interface ModelStatus {
  stage: Stage;
  name: string;
  /** Verified bytes so far and in all. */
  loaded: number;
  total: number;
  /** How many of the loaded bytes came from the cache of an earlier visit. */
  cached: number;
  error?: string;
}

export interface Status {
  /** Undefined until the runtime has started. */
  kernels?: Kernels;
  index: IndexStatus;
  model: ModelStatus;
  /** How often the guest had to be rebuilt after it stopped. */
  restarts: number;
}
