import { ContentError } from "../errors.ts";
import { type Directory, pageOf } from "./directory.ts";
import { spread, type Similarity } from "./fuse.ts";
import type { Allowed } from "./keyword.ts";
import type { Loader, Need } from "./loader.ts";
import { Best, type KeywordMatch, type Match } from "./order.ts";
import { quantise, similarities } from "./quantise.ts";
import { type Cluster, parseCluster, type Vectors } from "./vectors.ts";

/** Stored bytes of clusters that one search reads; always at least one cluster. */
const BUDGET = 400_000;

/** How much nearer a cluster counts whose best passage by keyword fits the query fully. */
const FIT_REACH = Math.fround(0.2);

/** What is known about a query's similarity to the passages. */
export interface Scan extends Similarity {
  /** The most similar passages of those that were read, best first. */
  ranking: Match[];
}

/** scan compares a query's vector with the passages of the clusters nearest to it, and those of the best passages by keyword. */
export async function scan(
  directory: Directory,
  vectors: Vectors,
  loader: Loader,
  vector: Float32Array,
  keyword: KeywordMatch[],
  allowed: Allowed,
  depth: number,
  need: Need,
): Promise<Scan> {
  if (vector.length !== vectors.dims) {
    throw new ContentError(`the query's vector has ${vector.length} numbers, the index ${vectors.dims}; use the model that index.json names`);
  }
  const query = quantise(vector);
  const centroids = similarities(query, vectors.centroids);
  const chosen = choose(directory, vectors, centroids, keyword, allowed);
  const clusters = await Promise.all(
    chosen.map((number) => {
      const parse = (raw: Uint8Array, file: string): Cluster => parseCluster(raw, file, vectors, number);
      return loader.load(vectors.clusters[number]!.ref, parse, need);
    }),
  );
  const cosines = new Map<number, number>();
  const best = new Best(depth);
  clusters.forEach((cluster, n) => {
    const differences = similarities(query, cluster);
    cluster.docs.forEach((doc, i) => {
      const cosine = Math.fround(centroids[chosen[n]!]! + differences[i]!);
      cosines.set(doc, cosine);
      if (!allowed || allowed[pageOf(directory, doc)]) best.push(doc, cosine);
    });
  });
  const members = vectors.clusters.map((cluster) => cluster.members);
  const all = cosines.size === directory.passages;
  return {
    ranking: best.sorted(),
    cosine: (doc) => cosines.get(doc) ?? centroids[vectors.clusterOf[doc]!]!,
    ...(all
      ? spread(Float32Array.from({ length: directory.passages }, (_, doc) => cosines.get(doc)!))
      : spread(centroids, members, vectors.within)),
  };
}

/** choose returns the clusters to read: those most likely to have similar members, of those that hold an allowed passage, as the budget lets. */
function choose(directory: Directory, vectors: Vectors, centroids: Float32Array, keyword: KeywordMatch[], allowed: Allowed): number[] {
  const fits = new Float32Array(centroids.length);
  for (const { doc, fit } of keyword) fits[vectors.clusterOf[doc]!] = Math.max(fits[vectors.clusterOf[doc]!]!, fit);
  const numbers = Array.from(centroids.keys()).filter(holdsAllowed(directory, vectors, allowed));
  const hope = centroids.map((similarity, i) => Math.fround(similarity + vectors.reach[i]!) + Math.fround(FIT_REACH * fits[i]!));
  numbers.sort((a, b) => hope[b]! - hope[a]! || a - b);
  let bytes = 0;
  const end = numbers.findIndex((number, i) => (bytes += vectors.clusters[number]!.ref.bytes) > BUDGET && i > 0);
  return end < 0 ? numbers : numbers.slice(0, end);
}

function holdsAllowed({ firsts, pages }: Directory, { clusterOf }: Vectors, allowed: Allowed): (cluster: number) => boolean {
  if (!allowed) return () => true;
  const holding = new Set<number>();
  for (let page = 0; page < pages; page++) {
    if (allowed[page]) for (let doc = firsts[page]!; doc < firsts[page + 1]!; doc++) holding.add(clusterOf[doc]!);
  }
  return (cluster) => holding.has(cluster);
}
