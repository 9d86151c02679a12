import { type Directory, pageOf, type PassageShardRef } from "./directory.ts";
import { Reader } from "./reader.ts";

/** A page without its passages. */
export interface Page {
  url: string;
  title: string;
  language: string;
  image: string;
  meta: Record<string, string>;
  /** The pages nearest in meaning, best first. */
  related: number[];
}

export interface Passage {
  heading: string;
  /** Without '#', may be empty. */
  anchor: string;
  text: string;
}

/** The texts of consecutive passages and the pages that they belong to. */
export interface PassageShard {
  page(number: number): Page;
  passage(number: number): Passage;
}

export function parsePassages(raw: Uint8Array, file: string, shard: PassageShardRef, directory: Directory): PassageShard {
  const r = new Reader(raw, file, "EFFIRSP1");
  const first = pageOf(directory, shard.start);
  const pages: Page[] = [];
  for (let left = r.count("pages", 6); left > 0; left--) pages.push(readPage(r, directory.pages));
  if (first + pages.length - 1 !== pageOf(directory, shard.end - 1)) throw r.fail("pages", "are others than the directory says");
  const passages: Passage[] = [];
  for (let left = r.count("passages", 3); left > 0; left--) {
    passages.push({ heading: r.str("heading"), anchor: r.str("anchor"), text: r.str("text") });
  }
  if (passages.length !== shard.end - shard.start) throw r.fail("passages", "are others than the directory says");
  r.end();
  return { page: (number) => pages[number - first]!, passage: (number) => passages[number - shard.start]! };
}

function readPage(r: Reader, pages: number): Page {
  const page = { url: r.str("url"), title: r.str("title"), language: r.str("language"), image: r.str("image") };
  const meta: [string, string][] = [];
  for (let left = r.count("metadata", 2); left > 0; left--) meta.push([r.str("key"), r.str("value")]);
  const related: number[] = [];
  for (let left = r.count("related pages", 1); left > 0; left--) related.push(r.uv("related page", pages - 1));
  return { ...page, meta: Object.fromEntries(meta), related };
}
