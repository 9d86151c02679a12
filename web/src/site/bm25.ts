/** BM25 in the arithmetic of the Go package wasm/index: float32 where it has float32, so that scores are equal to the bit. */

import type { KeywordMatch, Match } from "./order.ts";

export const K1 = Math.fround(1.2);
export const B = Math.fround(0.75);
/** How often each word of a title counts. */
export const TITLE_WEIGHT = 2;
/** What a completion of the last word counts against a word typed in full. */
export const PREFIX_WEIGHT = 0.5;
/** How many terms a typed prefix stands for at most: the most frequent ones. */
export const MAX_COMPLETIONS = 64;
/** The shortest indexed stem that stands for a longer typed word. */
export const MIN_STEM = 4;

/** idf is ln(1 + (n - df + 0.5) / (df + 0.5)), a float32: the weight of a term that df of n passages hold. */
export function idf(n: number, df: number): number {
  return Math.fround(ln(1 + (n - df + 0.5) / (df + 0.5)));
}

/** norm is k1 (1 - b + b length / average), a float32. */
export function norm(length: number, average: number): number {
  const relative = Math.fround(Math.fround(length) / average);
  const long = Math.fround(Math.fround(1 - B) + Math.fround(B * relative));
  return Math.fround(K1 * long);
}

/** saturate is tf / (tf + norm), a float32. */
export function saturate(tf: number, norm: number): number {
  return Math.fround(tf / Math.fround(tf + norm));
}

/** What the passages have of a query, by passage number. */
export class Sums {
  /** BM25. */
  readonly scores: Float32Array;
  /** Weights of the terms that the passage holds. */
  private readonly covered: Float32Array;
  /** Weights of all terms that any passage holds. */
  private total = 0;

  constructor(passages: number) {
    this.scores = new Float32Array(passages);
    this.covered = new Float32Array(passages);
  }

  /** term begins a term of the query; its weight is a float32. */
  term(weight: number): void {
    this.total = Math.fround(this.total + weight);
  }

  /** add counts a term in a passage, of which it has a share between 0 and 1. */
  add(doc: number, weight: number, share: number): void {
    this.scores[doc]! += Math.fround(weight * share);
    this.covered[doc]! += weight;
  }

  /** matches adds to a ranking how well each passage fits the query: sqrt(score covered) / total, see index.Fit in Go. */
  matches(ranking: Match[]): KeywordMatch[] {
    return ranking.map(({ doc, score }) => ({ doc, score, fit: Math.fround(Math.sqrt(score * this.covered[doc]!) / this.total) }));
  }
}

/**
 * ln is the natural logarithm for x >= 1. Math.log may differ between engines in
 * the last bit, which these operations cannot: with x = m 2^e, m in
 * [sqrt(1/2), sqrt 2), and s = (m-1)/(m+1), it is e ln 2 + 2 (s + s^3/3 + s^5/5 + ...).
 */
function ln(x: number): number {
  let m = x;
  let e = 0;
  for (; m >= 1; e++) m /= 2;
  if (m < Math.SQRT2 / 2) {
    m *= 2;
    e--;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let series = 0;
  for (let n = 23; n >= 1; n -= 2) series = 1 / n + series * square;
  return e * Math.LN2 + 2 * (s * series);
}
