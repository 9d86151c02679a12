import type { FilterValue } from "../types.ts";
import { Reader } from "./reader.ts";

/** The values of one filter key with the pages that have them, as [start, end) runs of page numbers. */
export type Filter = Map<string, Uint32Array>;

export function parseFilter(raw: Uint8Array, file: string, pages: number): Filter {
  const r = new Reader(raw, file, "EFFIRSF1");
  const filter: Filter = new Map();
  for (let left = r.count("values", 2); left > 0; left--) {
    const value = r.str("value");
    const runs = new Uint32Array(2 * r.count("runs", 2));
    let at = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const start = at + r.uv("run", pages);
      at = start + r.uv("run", pages);
      if ((i > 0 && start === runs[i - 1]) || at === start || at > pages) throw r.fail("runs", "leave the index");
      runs[i] = start;
      runs[i + 1] = at;
    }
    if (filter.has(value)) throw r.fail("values", "repeat");
    filter.set(value, runs);
  }
  r.end();
  return filter;
}

/** valuesOf lists the values of a filter with the number of pages that have each. */
export function valuesOf(filter: Filter): FilterValue[] {
  return Array.from(filter, ([value, runs]) => {
    let pages = 0;
    for (let i = 0; i < runs.length; i += 2) pages += runs[i + 1]! - runs[i]!;
    return { value, pages };
  });
}

/** allowedBy marks the pages that have one of the values. */
export function allowedBy(filter: Filter, values: string[], pages: number): Uint8Array {
  const allowed = new Uint8Array(pages);
  for (const value of values) {
    const runs = filter.get(value) ?? [];
    for (let i = 0; i < runs.length; i += 2) allowed.fill(1, runs[i], runs[i + 1]);
  }
  return allowed;
}

/** parseSort returns the rank of each page by one sort key, from 1; 0: it has no value. */
export function parseSort(raw: Uint8Array, file: string, pages: number): Uint32Array {
  const r = new Reader(raw, file, "EFFIRSO1");
  if (r.count("pages", 1) !== pages) throw r.fail("pages", "are others than the directory says");
  const ranks = new Uint32Array(pages);
  for (let page = 0; page < pages; page++) ranks[page] = r.uv("rank", pages);
  r.end();
  return ranks;
}
