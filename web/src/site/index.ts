export { highlighter } from "./highlight.ts";
export type { Fetcher, Transferred } from "./loader.ts";
export { parseSiteManifest, type SiteManifest } from "./manifest.ts";
export { type MemoryDocument, MemoryIndex, type MemoryPassage, type MemoryQuery, textOf } from "./memory.ts";
export type { Ref } from "./reader.ts";
export { Site, type SiteAnswer, type SiteQuery } from "./site.ts";
