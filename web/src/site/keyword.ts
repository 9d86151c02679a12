import { atLeast } from "./analyze.ts";
import { idf, MAX_COMPLETIONS, MIN_STEM, PREFIX_WEIGHT, Sums } from "./bm25.ts";
import { type Directory, isWide, listOf, termShardOf } from "./directory.ts";
import type { Loader, Need } from "./loader.ts";
import { Best, type KeywordMatch } from "./order.ts";
import { lastDivision, lastWord, MIN_PREFIX, queryTerms, utf8Length } from "./query.ts";
import { type Postings, type Term, TermShard } from "./terms.ts";

/** Which pages may be found: one byte each, not 0. Undefined: all. */
export type Allowed = Uint8Array | undefined;

/** A term where it was found. */
interface Located {
  shard: TermShard;
  term: Term;
}

// Impacts as they count, impact / 255.
const SHARE = Float32Array.from({ length: 256 }, (_, impact) => impact / 255);

/** keywordSums returns what every passage has of a query. */
export async function keywordSums(
  directory: Directory,
  loader: Loader,
  text: string,
  typing: boolean,
  need: Need,
): Promise<Sums> {
  const shards = new Shards(directory, loader, need);
  const query = queryTerms(text);
  const word = typing ? lastWord(text) : "";
  const wanted = new Set([...query.keys()].map((term) => termShardOf(directory, term)));
  if (atLeast(word, MIN_PREFIX)) for (const number of shards.ofPrefix(word)) wanted.add(number);
  await Promise.all([...wanted].map((number) => shards.load(number)));

  const sums = new Sums(directory.passages);
  for (const [text, count] of query) {
    const shard = await shards.load(termShardOf(directory, text));
    const term = shard?.find(text);
    if (shard && term) add(sums, Math.fround(count * idf(directory.passages, term.df)), shard.postings(term));
  }
  const found = await completions(shards, word, query);
  if (found.length > 0) {
    const union = strongest(found, directory.passages);
    // More than are listed, for frequent terms and wide prefixes.
    const df = found.reduce((most, { term }) => Math.max(most, term.df), union.docs.length);
    if (union.docs.length > 0) add(sums, Math.fround(PREFIX_WEIGHT * idf(directory.passages, df)), union);
  }
  return sums;
}

/** topAllowed returns the best passages of allowed pages with a score above 0. */
export function topAllowed(directory: Directory, sums: Sums, allowed: Allowed, depth: number): KeywordMatch[] {
  const best = new Best(depth);
  const { firsts } = directory;
  const { scores } = sums;
  for (let page = 0; page < directory.pages; page++) {
    if (allowed && !allowed[page]) continue;
    for (let doc = firsts[page]!; doc < firsts[page + 1]!; doc++) if (scores[doc]! > 0) best.push(doc, scores[doc]!);
  }
  return sums.matches(best.sorted());
}

function add(sums: Sums, weight: number, { docs, impacts }: Postings): void {
  sums.term(weight);
  for (let i = 0; i < docs.length; i++) sums.add(docs[i]!, weight, SHARE[impacts[i]!]!);
}

/** strongest joins the postings of completions: of several in one passage the largest impact counts. */
function strongest(found: Located[], passages: number): Postings {
  const impacts = new Uint8Array(passages);
  for (const { shard, term } of found) {
    const list = shard.postings(term);
    list.docs.forEach((doc, i) => (impacts[doc] = Math.max(impacts[doc]!, list.impacts[i]!)));
  }
  const docs = Uint32Array.from(impacts.keys()).filter((doc) => impacts[doc]! > 0);
  return { docs, impacts: Uint8Array.from(docs, (doc) => impacts[doc]!) };
}

/**
 * completions returns the terms that an unfinished word stands for, without those
 * of the query: the terms that begin with it; if there are none, those that begin
 * with its last division; if there are none either, the longest stem that the
 * division begins with.
 */
async function completions(shards: Shards, word: string, query: Map<string, number>): Promise<Located[]> {
  const part = lastDivision(word);
  let found = await shards.withPrefix(word);
  if (found.length === 0 && part !== word) found = await shards.withPrefix(part);
  if (found.length === 0) found = await shards.stemOf(part);
  const list = found.filter(({ term }) => !query.has(term.text));
  if (list.length > MAX_COMPLETIONS) list.sort((a, b) => b.term.df - a.term.df).length = MAX_COMPLETIONS;
  return list;
}

/** The term shards that one search reads. */
class Shards {
  constructor(private readonly directory: Directory, private readonly loader: Loader, private readonly need: Need) {}

  async load(number: number): Promise<TermShard | undefined> {
    const shard = this.directory.termShards[number];
    if (!shard) return undefined;
    const { passages } = this.directory;
    return this.loader.load(shard.ref, (raw, file) => TermShard.parse(raw, file, passages), this.need);
  }

  /** ofPrefix returns the shards that completing a prefix needs: that of its list if it is wide, else the one or two of its terms. */
  ofPrefix(prefix: string): number[] {
    return isWide(this.directory, prefix) ? [termShardOf(this.directory, listOf(prefix))] : this.nearby(prefix);
  }

  /** nearby returns the shard where a prefix begins, and the next one if terms with it go on there. */
  private nearby(prefix: string): number[] {
    const first = Math.max(termShardOf(this.directory, prefix), 0);
    return this.directory.termShards[first + 1]?.first.startsWith(prefix) ? [first, first + 1] : [first];
  }

  async withPrefix(prefix: string): Promise<Located[]> {
    if (!atLeast(prefix, MIN_PREFIX)) return [];
    if (isWide(this.directory, prefix)) {
      const shard = await this.load(termShardOf(this.directory, listOf(prefix)));
      const term = shard?.find(listOf(prefix));
      if (shard && term) return [{ shard, term }];
    }
    const loaded = await Promise.all(this.nearby(prefix).map((number) => this.load(number)));
    return loaded.flatMap((shard) => shard?.withPrefix(prefix).map((term) => ({ shard, term })) ?? []);
  }

  /** stemOf returns the longest term that is a prefix of part, and only a prefix. */
  async stemOf(part: string): Promise<Located[]> {
    const shard = atLeast(part, MIN_PREFIX) ? await this.load(this.nearby(part)[0]!) : undefined;
    for (let stem = part.slice(0, -1); shard && utf8Length(stem) >= MIN_STEM; stem = stem.slice(0, -1)) {
      const term = shard.find(stem);
      if (term) return [{ shard, term }];
    }
    return [];
  }
}
