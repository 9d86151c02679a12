/** One passage with what it is ordered by. */
export interface Match {
  doc: number;
  score: number;
}

/** A passage found by keyword: its BM25 score, and how well it fits the query, from 0 to 1. */
export interface KeywordMatch extends Match {
  fit: number;
}

/** byScore orders the higher score first, then the lower number. */
export function byScore(a: Match, b: Match): number {
  return b.score - a.score || a.doc - b.doc;
}

/** Best keeps the `limit` best of the matches that are pushed to it, as a heap whose root is the worst one kept. */
export class Best {
  private readonly heap: Match[] = [];

  constructor(private readonly limit: number) {}

  push(doc: number, score: number): void {
    const { heap } = this;
    if (heap.length < this.limit) {
      heap.push({ doc, score });
      if (heap.length === this.limit) for (let i = heap.length >> 1; i >= 0; i--) this.sink(i);
      return;
    }
    const root = heap[0];
    if (!root || score < root.score || (score === root.score && doc > root.doc)) return;
    heap[0] = { doc, score };
    this.sink(0);
  }

  /** sorted returns the matches, best first. */
  sorted(): Match[] {
    return this.heap.sort(byScore);
  }

  private sink(i: number): void {
    const { heap } = this;
    for (;;) {
      let worst = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2 && child < heap.length; child++) {
        if (byScore(heap[child]!, heap[worst]!) > 0) worst = child;
      }
      if (worst === i) return;
      [heap[i], heap[worst]] = [heap[worst]!, heap[i]!];
      i = worst;
    }
  }
}

/** compareBytes orders texts by their UTF-8 bytes, which is by code points and not by UTF-16 units. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** rank moves surrogates, which stand for U+10000 and above, behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** lastAtMost returns the greatest i in [0, n) for which above(i) is false, above being monotonous; -1 if there is none. */
export function lastAtMost(n: number, above: (i: number) => boolean): number {
  let low = -1;
  let high = n;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (above(middle)) high = middle;
    else low = middle;
  }
  return low;
}
