import { compareBytes, lastAtMost } from "./order.ts";
import { MAX_PASSAGES, Reader, type Ref } from "./reader.ts";

/** The file that all others of a site's index are found by. */
export interface Directory {
  pages: number;
  passages: number;
  /** Per page the number of its first passage, and behind the last page the number of passages. */
  firsts: Uint32Array;
  termShards: { ref: Ref; first: string }[];
  /** Passage shards with the number of their first passage and of the one behind their last. */
  passageShards: PassageShardRef[];
}

export interface PassageShardRef {
  ref: Ref;
  start: number;
  end: number;
}

// A reference takes 18 bytes or more, and what stands beside it another one.
const LEAST_REF = 19;

export function parseDirectory(raw: Uint8Array, file: string): Directory {
  const r = new Reader(raw, file, "EFFIRSD1");
  const pages = r.uv("pages", MAX_PASSAGES);
  const passages = r.uv("passages", MAX_PASSAGES);
  if (pages > r.left) throw r.fail("pages", "are more than the file holds");
  const firsts = new Uint32Array(pages + 1);
  for (let page = 0; page < pages; page++) {
    const next = firsts[page]! + r.uv("passages of a page", passages);
    if (next === firsts[page] || next > passages) throw r.fail("passages of pages", "do not add up");
    firsts[page + 1] = next;
  }
  if (firsts[pages] !== passages) throw r.fail("passages of pages", "do not add up");

  const termShards: Directory["termShards"] = [];
  for (let left = r.count("term shards", LEAST_REF); left > 0; left--) {
    const shard = { ref: r.ref("term shard"), first: r.str("first term") };
    const before = termShards.at(-1);
    if (before && compareBytes(before.first, shard.first) >= 0) throw r.fail("term shards", "are not in order");
    termShards.push(shard);
  }
  const passageShards: PassageShardRef[] = [];
  let start = 0;
  for (let left = r.count("passage shards", LEAST_REF); left > 0; left--) {
    const ref = r.ref("passage shard");
    const end = start + r.uv("passages of a shard", passages);
    if (end === start || end > passages) throw r.fail("passage shards", "do not add up");
    passageShards.push({ ref, start, end });
    start = end;
  }
  if (start !== passages) throw r.fail("passage shards", "do not add up");
  r.end();
  return { pages, passages, firsts, termShards, passageShards };
}

/** pageOf returns the number of a passage's page. */
export function pageOf(directory: Directory, passage: number): number {
  return lastAtMost(directory.pages, (page) => directory.firsts[page]! > passage);
}

/** termShardOf returns the number of the shard that a term would be in: -1 if it is below all. */
export function termShardOf(directory: Directory, term: string): number {
  return lastAtMost(directory.termShards.length, (i) => compareBytes(directory.termShards[i]!.first, term) > 0);
}

/**
 * isWide says whether the terms with a prefix go on past the shard where the first
 * of them would be and the next one. Such a prefix has a list of its own among the
 * terms, under the name that listOf gives.
 */
export function isWide(directory: Directory, prefix: string): boolean {
  const third = Math.max(termShardOf(directory, prefix), 0) + 2;
  return directory.termShards[third]?.first.startsWith(prefix) ?? false;
}

export function listOf(prefix: string): string {
  return `\u{10FFFF}${prefix}`;
}

export function passageShardOf(directory: Directory, passage: number): PassageShardRef {
  const { passageShards } = directory;
  return passageShards[lastAtMost(passageShards.length, (i) => passageShards[i]!.start > passage)]!;
}
