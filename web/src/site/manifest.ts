import { ContentError } from "../errors.ts";
import type { Fusion } from "./fuse.ts";
import { MAX_FILE, MAX_PASSAGES, type Ref } from "./reader.ts";

/** index.json: what a site's index consists of. Fields that are unknown here are ignored. */
export interface SiteManifest {
  pages: number;
  passages: number;
  /** Pages in each language. */
  languages: Record<string, number>;
  fusion: Fusion;
  directory: Ref;
  /** model is the SHA-256 of the model.json that the vectors were made with. */
  vectors?: Ref & { model: string; dims: number; clusters: number };
  filters: Map<string, Ref>;
  sorts: Map<string, Ref>;
}

const FORMAT = "effir-site/1";

type Fields = Record<string, unknown>;

/** parseSiteManifest reads and checks index.json. */
export function parseSiteManifest(bytes: Uint8Array): SiteManifest {
  let root: Fields;
  try {
    root = fields(JSON.parse(new TextDecoder().decode(bytes)), "format");
  } catch (thrown) {
    if (thrown instanceof ContentError) throw thrown;
    throw new ContentError("index.json is not JSON; is the folder's URL right?");
  }
  if (root.format !== FORMAT) throw bad("format", `is not ${FORMAT}`);
  const fusion = fields(root.fusion, "fusion");
  const manifest: SiteManifest = {
    pages: whole(root.pages, "pages", MAX_PASSAGES),
    passages: whole(root.passages, "passages", MAX_PASSAGES),
    languages: Object.fromEntries(
      Object.entries(fields(root.languages ?? {}, "languages")).map(([key, pages]) => [key, whole(pages, `languages.${key}`, MAX_PASSAGES)]),
    ),
    fusion: { keyword: weight(fusion.keyword, "fusion.keyword"), semantic: weight(fusion.semantic, "fusion.semantic") },
    directory: ref(root.directory, "directory"),
    filters: refs(root.filters, "filters"),
    sorts: refs(root.sorts, "sorts"),
  };
  if (manifest.fusion.keyword + manifest.fusion.semantic === 0) throw bad("fusion", "has no weights");
  if (root.vectors !== undefined) {
    const { model, dims, clusters } = fields(root.vectors, "vectors");
    if (typeof model !== "string" || !/^[0-9a-f]{64}$/.test(model)) throw bad("vectors.model", "is not a SHA-256");
    manifest.vectors = {
      ...ref(root.vectors, "vectors"),
      model,
      dims: whole(dims, "vectors.dims", 1 << 16),
      clusters: whole(clusters, "vectors.clusters", 1 << 16),
    };
  }
  return manifest;
}

function fields(value: unknown, field: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(field);
  return value as Fields;
}

function refs(value: unknown, field: string): Map<string, Ref> {
  return new Map(Object.entries(fields(value ?? {}, field)).map(([key, file]) => [key, ref(file, `${field}.${key}`)]));
}

// A name goes into a URL and a size into an allocation, so both are checked here.
function ref(value: unknown, field: string): Ref {
  const { name, bytes, raw } = fields(value, field);
  if (typeof name !== "string" || !/^[0-9a-f]{32}$/.test(name)) throw bad(`${field}.name`);
  return { name, bytes: whole(bytes, `${field}.bytes`, MAX_FILE), raw: whole(raw, `${field}.raw`, MAX_FILE) };
}

function whole(value: unknown, field: string, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > most) throw bad(field);
  return value;
}

function weight(value: unknown, field: string): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 1e6)) throw bad(field);
  return Math.fround(value);
}

function bad(field: string, problem = "is missing or wrong"): ContentError {
  return new ContentError(`index.json: ${field} ${problem}; make the index again with a matching version of effir`);
}
