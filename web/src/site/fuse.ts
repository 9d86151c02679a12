import { byScore, type KeywordMatch, type Match } from "./order.ts";

/** How much each ranking counts, float32. */
export interface Fusion {
  keyword: number;
  semantic: number;
}

/** How many passages of each ranking are considered when the two are fused. */
export const FUSE_DEPTH = 100;

/** A passage found. Ranks count from 1; 0: that ranking does not hold it. */
export interface Candidate extends Match {
  keywordRank: number;
  semanticRank: number;
}

/** What the query's similarities are like: of one passage, if it has a vector, on average, and how far from it. */
export interface Similarity {
  cosine(doc: number): number | undefined;
  mean: number;
  deviation: number;
}

/** ofKeyword makes candidates of a keyword ranking. */
export function ofKeyword(keyword: KeywordMatch[]): Candidate[] {
  return keyword.map(({ doc, score }, i) => ({ doc, score, keywordRank: i + 1, semanticRank: 0 }));
}

/**
 * fuse combines two rankings, as retriever.Fuse in Go does:
 *
 *     score = w_keyword fit + w_semantic z |z|,  z = (c - mean) / deviation
 *
 * fit being how well a passage fits by keyword, 0 without a word of the query, and c
 * its cosine. A keyword hit without a vector counts as similar as the average keyword hit with one. A ranking
 * of weight 0 brings no passages.
 */
export function fuse(fusion: Fusion, keyword: KeywordMatch[], semantic: Match[], similarity: Similarity): Candidate[] {
  const candidates = new Map<number, Candidate>();
  if (fusion.keyword > 0) for (const found of ofKeyword(keyword)) candidates.set(found.doc, found);
  if (fusion.semantic > 0) {
    semantic.forEach(({ doc }, i) => {
      const found = candidates.get(doc);
      if (found) found.semanticRank = i + 1;
      else candidates.set(doc, { doc, score: 0, keywordRank: 0, semanticRank: i + 1 });
    });
  }
  const fits = new Map(keyword.map(({ doc, fit }) => [doc, fit]));
  const known = keyword.flatMap(({ doc }) => standing(similarity, doc) ?? []);
  const usual = Math.fround(known.reduce((sum, x) => Math.fround(sum + x), 0) / Math.max(known.length, 1));
  for (const found of candidates.values()) {
    const lexical = Math.fround(fusion.keyword * (fits.get(found.doc) ?? 0));
    found.score = Math.fround(lexical + Math.fround(fusion.semantic * (standing(similarity, found.doc) ?? usual)));
  }
  return [...candidates.values()].sort(byScore);
}

/** standing is z |z| in float64, then rounded to float32. */
function standing({ cosine, mean, deviation }: Similarity, doc: number): number | undefined {
  const c = cosine(doc);
  if (c === undefined) return undefined;
  if (deviation === 0) return 0;
  const z = (c - mean) / deviation;
  return Math.fround(z * Math.abs(z));
}

/** spread returns mean and standard deviation of cosines, of which a centroid's may stand for `weights` many. Sums are float64, in order. */
export function spread(cosines: Float32Array, weights?: ArrayLike<number>, within = 0): { mean: number; deviation: number } {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < cosines.length; i++) {
    const weight = weights?.[i] ?? 1;
    n += weight;
    sum += weight * cosines[i]!;
  }
  const mean = sum / Math.max(n, 1);
  let squares = 0;
  for (let i = 0; i < cosines.length; i++) {
    const d = cosines[i]! - mean;
    squares += (weights?.[i] ?? 1) * (d * d);
  }
  return { mean, deviation: Math.sqrt(squares / Math.max(n, 1) + within) };
}
