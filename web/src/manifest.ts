import type { FileRef } from "./content.ts";
import { ContentError } from "./errors.ts";

/** What the loader needs of model.json; the guest checks all of it. */
export interface ModelManifest {
  name: string;
  dims: number;
  tokenizer: FileRef;
  weights: { bytes: number; chunks: FileRef[] };
  /** Where the token table lies in the weights image. */
  table: Range;
}

/** A part of the weights image. */
export interface Range {
  offset: number;
  bytes: number;
}

/** What pages.json says: the beginnings of the hashes of all pages of all chunks. */
export interface PageHashes {
  pageBytes: number;
  hashes: string[];
}

const MODEL = "model.json";
const PAGES = "pages.json";
const TABLE = "embedding"; // the token table's name in every family

/** parseModel reads model.json as far as loading needs it. */
export function parseModel(bytes: Uint8Array): ModelManifest {
  const root = object(bytes, MODEL);
  const weights = (root.weights ?? {}) as Record<string, unknown>;
  if (!Array.isArray(weights.chunks) || typeof weights.bytes !== "number") throw bad(MODEL, "weights");
  const chunks = weights.chunks.map((chunk, i) => file(chunk, MODEL, `weights.chunks[${i}]`));
  if (chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== weights.bytes) throw bad(MODEL, "weights.bytes");
  const tensors: unknown[] = Array.isArray(root.tensors) ? root.tensors : [];
  const found = (tensors.find((tensor) => (tensor as { name?: unknown } | null)?.name === TABLE) ?? {}) as Record<string, unknown>;
  const table = { offset: count(found.offset, MODEL, `tensors["${TABLE}"].offset`), bytes: count(found.bytes, MODEL, `tensors["${TABLE}"].bytes`) };
  if (table.offset + table.bytes > weights.bytes) throw bad(MODEL, `tensors["${TABLE}"]`);
  return {
    name: typeof root.name === "string" ? root.name : "",
    dims: count(root.dims, MODEL, "dims"),
    tokenizer: file(root.tokenizer, MODEL, "tokenizer"),
    weights: { bytes: weights.bytes, chunks },
    table,
  };
}

/**
 * parsePages reads pages.json. It returns undefined if the file is of another
 * model than the one with this hash, as while a new one is being uploaded.
 */
export function parsePages(bytes: Uint8Array, model: string, chunks: FileRef[]): PageHashes | undefined {
  const root = object(bytes, PAGES);
  if (root.model !== model) return undefined;
  const pageBytes = count(root.pageBytes, PAGES, "pageBytes");
  if (pageBytes < 4096) throw bad(PAGES, "pageBytes");
  const pages = chunks.reduce((sum, chunk) => sum + Math.ceil(chunk.bytes / pageBytes), 0);
  const hashes = root.sha256;
  if (!Array.isArray(hashes) || hashes.length !== pages) throw bad(PAGES, "sha256");
  for (const [i, hash] of hashes.entries()) {
    if (typeof hash !== "string" || !/^[0-9a-f]{32}$/.test(hash)) throw bad(PAGES, `sha256[${i}]`);
  }
  return { pageBytes, hashes: hashes as string[] };
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
  return { name: sha256, bytes: count(bytes, name, `${field}.bytes`) };
}

function count(value: unknown, name: string, field: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 2 ** 32) throw bad(name, field);
  return value;
}

function bad(name: string, field: string): ContentError {
  return new ContentError(`${name}: ${field} is missing or wrong; make the folder again with a matching version`);
}
