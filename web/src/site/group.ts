import type { Candidate } from "./fuse.ts";
import { byScore } from "./order.ts";

/** A page found, with its best passages, best first. */
export interface Group {
  page: number;
  score: number;
  keywordRank: number;
  semanticRank: number;
  passages: Candidate[];
}

/** How many passages of a page are shown. */
const MAX_SHOWN = 3;

/** How pages are ordered by a sort key: ranks per page, 0 for those without a value, which come last. */
export interface Order {
  ranks: Uint32Array;
  descending: boolean;
}

/** group gathers candidates by page, best page first, or in the given order. */
export function group(candidates: Candidate[], pageOf: (doc: number) => number, order?: Order): Group[] {
  const groups = new Map<number, Group>();
  for (const found of candidates.sort(byScore)) {
    const page = pageOf(found.doc);
    let group = groups.get(page);
    if (!group) groups.set(page, (group = { page, score: found.score, keywordRank: 0, semanticRank: 0, passages: [] }));
    if (group.passages.length < MAX_SHOWN) group.passages.push(found);
    group.keywordRank = better(group.keywordRank, found.keywordRank);
    group.semanticRank = better(group.semanticRank, found.semanticRank);
  }
  return [...groups.values()].sort((a, b) => (order ? byRank(order, a.page, b.page) : 0) || b.score - a.score || a.page - b.page);
}

function byRank({ ranks, descending }: Order, a: number, b: number): number {
  const [x, y] = [ranks[a]!, ranks[b]!];
  if (x === 0 || y === 0) return y - x;
  return descending ? y - x : x - y;
}

/** better returns the lower of two ranks, of which 0 is none. */
function better(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}
