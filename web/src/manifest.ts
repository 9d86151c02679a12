import type { FileRef } from "./content.ts";
import { ContentError } from "./errors.ts";

/** What the loader needs of model.json; the guest checks all of it. */
export interface ModelManifest {
  name: string;
  tokenizer: FileRef;
  weights: { bytes: number; chunks: FileRef[] };
}

/** What the loader needs of index.json; the guest checks all of it. */
export interface BundleManifest {
  count: number;
  keyword: FileRef;
  passages: FileRef;
  /** model is the SHA-256 of the model.json that the vectors were made with. */
  vectors?: FileRef & { count: number; model: string };
}

/** parseModel reads model.json as far as loading needs it. */
export function parseModel(bytes: Uint8Array): ModelManifest {
  const root = object(bytes, "model.json");
  const weights = (root.weights ?? {}) as Record<string, unknown>;
  if (!Array.isArray(weights.chunks) || typeof weights.bytes !== "number") throw bad("model.json", "weights");
  const chunks = weights.chunks.map((chunk, i) => file(chunk, "model.json", `weights.chunks[${i}]`));
  if (chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== weights.bytes) throw bad("model.json", "weights.bytes");
  return {
    name: typeof root.name === "string" ? root.name : "",
    tokenizer: file(root.tokenizer, "model.json", "tokenizer"),
    weights: { bytes: weights.bytes, chunks },
  };
}

/** parseBundle reads index.json as far as loading needs it. */
export function parseBundle(bytes: Uint8Array): BundleManifest {
  const root = object(bytes, "index.json");
  const bundle: BundleManifest = {
    count: count(root.count, "index.json", "count"),
    keyword: file(root.keyword, "index.json", "keyword"),
    passages: file(root.passages, "index.json", "passages"),
  };
  if (root.vectors) {
    const { count: embedded, model } = root.vectors as { count: unknown; model: unknown };
    if (typeof model !== "string") throw bad("index.json", "vectors.model");
    bundle.vectors = { ...file(root.vectors, "index.json", "vectors"), count: count(embedded, "index.json", "vectors.count"), model };
  }
  return bundle;
}

function object(bytes: Uint8Array, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ContentError(`${name} is not JSON; is the folder's URL right?`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(name, "format");
  return value as Record<string, unknown>;
}

// A name goes into a URL and a size into an allocation, so both are checked here.
function file(value: unknown, name: string, field: string): FileRef {
  const { sha256, bytes } = (value ?? {}) as Record<string, unknown>;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) throw bad(name, `${field}.sha256`);
  return { sha256, bytes: count(bytes, name, `${field}.bytes`) };
}

function count(value: unknown, name: string, field: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 2 ** 32) throw bad(name, field);
  return value;
}

function bad(name: string, field: string): ContentError {
  return new ContentError(`${name}: ${field} is missing or wrong; make the folder again with a matching version`);
}
