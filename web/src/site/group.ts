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

/** How many passages of a page are shown and count for its score. */
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
    if (!group) groups.set(page, (group = { page, score: 0, keywordRank: 0, semanticRank: 0, passages: [] }));
    if (group.passages.length < MAX_SHOWN) group.passages.push(found);
    group.keywordRank = better(group.keywordRank, found.keywordRank);
    group.semanticRank = better(group.semanticRank, found.semanticRank);
  }
  for (const group of groups.values()) group.score = pageScore(group.passages);
  return [...groups.values()].sort((a, b) => (order ? byRank(order, a.page, b.page) : 0) || b.score - a.score || a.page - b.page);
}

/** pageScore is (s1^8 + s2^8 + s3^8)^(1/8) of the scores above 0, in float64; see retriever.PageScore in Go. */
function pageScore(passages: Candidate[]): number {
  const best = passages[0]!.score;
  if (best <= 0 || passages.length === 1) return best;
  let sum = 0;
  for (const { score } of passages) if (score > 0) sum += square(square(square(score)));
  return Math.fround(Math.sqrt(Math.sqrt(Math.sqrt(sum))));
}

function square(x: number): number {
  return x * x;
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
