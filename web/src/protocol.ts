import type { Kernels, Kind, Results, Status } from "./types.ts";

/** Options as the worker gets them: absolute URLs of folders, each ending in a slash. */
export interface WorkerOptions {
  runtime: string;
  index: string | undefined;
  model: string | undefined;
  kernels: Kernels | "auto";
}

/** From page to worker. The first message is "open"; ids are the client's, never reused. */
export type Request =
  | { type: "open"; options: WorkerOptions }
  | { type: "search"; id: number; query: string; limit: number }
  | { type: "embed"; id: number; texts: string[]; kind: Kind }
  | { type: "refresh"; id: number }
  | { type: "cancel"; id: number };

/**
 * From worker to page. Every request with an id is answered by exactly one
 * "done" or "failed", after any number of "results". A search that a newer one
 * replaced is done without final results.
 */
export type Reply =
  | { type: "status"; status: Status }
  | { type: "results"; id: number; results: Results }
  | { type: "embeddings"; id: number; vectors: Float32Array[] }
  | { type: "done"; id: number }
  | { type: "failed"; id: number; message: string };
