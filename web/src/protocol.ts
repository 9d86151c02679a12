import type { FilterValue, Hit, Kernels, Kind, LocalDocument, ModelStatus, Results, SearchOptions, Status, Stored } from "./types.ts";

/** What a worker is opened with: absolute URLs of folders, each ending in a slash. */
export interface WorkerOptions {
  /** A site's index, or a local one by name. */
  source: { site: string } | { local: string };
  runtime: string;
  model: string;
  kernels: Kernels | "auto";
  meaning: "auto" | "always" | "never";
  /** The most workers that embed; undefined: as the device allows. */
  threads: number | undefined;
  /** Load the model at once: a worker that stopped had begun to. */
  wanted: boolean;
  held: Held;
  /** Name of the lock that the worker holds as long as it lives; empty where browsers lack locks. */
  lock: string;
}

/** Why the connection should be spared. */
export type Held = ModelStatus["held"] | "";

/** What can be asked of a worker, with what it answers; search and add send results and progress before. */
export interface Calls {
  search: { in: { query: string; options: Omit<SearchOptions, "signal"> }; item: Results; out: null };
  embed: { in: { texts: string[]; kind: Kind }; item: never; out: Float32Array<ArrayBuffer>[] };
  related: { in: { page: number; limit: number }; item: never; out: Hit[] };
  filters: { in: null; item: never; out: Record<string, FilterValue[]> };
  meaning: { in: null; item: never; out: null };
  refresh: { in: null; item: never; out: null };
  add: { in: { documents: LocalDocument[] }; item: never; out: null };
  embedAdded: { in: null; item: { embedded: number; passages: number }; out: null };
  remove: { in: { ids: string[] }; item: never; out: null };
  documents: { in: null; item: never; out: { id: string; title: string }[] };
  clear: { in: null; item: never; out: null };
}

export type Method = keyof Calls;

/** From page to worker. The first message is "open"; ids are the client's, never reused. */
export type Request =
  | { type: "open"; options: WorkerOptions }
  | { type: "held"; held: Held }
  | { type: "cancel"; id: number }
  | Call;

export type Call = { [M in Method]: { type: "call"; id: number; method: M; input: Calls[M]["in"] } }[Method];

/**
 * From worker to page. "hello" says that the script has loaded, and of which build it is, "locked" that it
 * holds its lock, "opened" that calls are answered from now on. Every call is answered by exactly one "done" or
 * "failed", after any number of items. A search that a newer one replaced is done
 * without final results.
 */
export type Reply =
  | { type: "hello"; build: string }
  | { type: "locked" }
  | { type: "opened"; size: number; storage: Stored }
  | { type: "refused"; error: Problem }
  | { type: "status"; status: Status; size: number }
  | { type: "item"; id: number; item: unknown }
  | { type: "done"; id: number; output: unknown }
  | { type: "failed"; id: number; error: Problem };

/** An error as it travels. */
export interface Problem {
  name: string;
  message: string;
}
