import { atLeast, words, wordTerms } from "./analyze.ts";
import { idf, MAX_COMPLETIONS, MIN_STEM, norm, PREFIX_WEIGHT, saturate, Sums } from "./bm25.ts";
import { compareBytes, lastAtMost } from "./order.ts";
import { lastDivision, lastWord, MIN_PREFIX, queryTerms, utf8Length } from "./query.ts";

/** Where a term occurs: passages, ascending, and how often in each. Removed passages stay until the next renumbering. */
export interface Occurrences {
  text: string;
  docs: number[];
  counts: number[];
  /** How many of the passages are not removed. */
  df: number;
}

/** Bounds the memory that is spent on analysing no word twice. */
const MAX_WORDS = 1 << 16;

/**
 * Inverted is an inverted index in memory, ranked by BM25 as wasm/index ranks in
 * Go, to the bit. Passages are numbered in the order they come.
 */
export class Inverted {
  private readonly terms = new Map<string, Occurrences>();
  private readonly seen = new Map<string, Occurrences[]>(); // terms by word
  private sorted: Occurrences[] = []; // some terms, in order
  private unsorted: Occurrences[] = []; // the others
  private lengths: number[] = []; // per passage; -1: removed
  private total = 0; // of lengths
  private live = 0; // passages that are not removed
  private norms: Float32Array | undefined; // of all passages

  /** add takes the texts of the next passage, each with how often its words count. */
  add(texts: [text: string, weight: number][]): void {
    const doc = this.lengths.length;
    this.append();
    for (const [text, weight] of texts) {
      for (const word of words(text)) for (const term of this.ofWord(word)) this.occurs(term, doc, weight);
    }
  }

  /** append makes the next passage, still empty. */
  append(): void {
    this.lengths.push(0);
    this.live++;
    this.norms = undefined;
  }

  /** occurs counts a term in the passage that was appended last, or one before if the term is in none after it. */
  occurs(term: Occurrences, doc: number, count: number): void {
    const last = term.docs.length - 1;
    if (term.docs[last] === doc) {
      term.counts[last]! += count;
    } else {
      term.docs.push(doc);
      term.counts.push(count);
      term.df++;
    }
    this.lengths[doc]! += count;
    this.total += count;
  }

  /** remove forgets a passage, whose texts must be those that it was added with. */
  remove(doc: number, texts: string[]): void {
    for (const term of new Set(texts.flatMap((text) => words(text).flatMap((word) => this.ofWord(word))))) term.df--;
    this.total -= this.lengths[doc]!;
    this.lengths[doc] = -1;
    this.live--;
    this.norms = undefined;
  }

  /** renumber gives each passage the number at its place, ascending; -1 for the removed ones. */
  renumber(numbers: Int32Array): void {
    for (const term of this.terms.values()) {
      const kept = Array.from(term.docs.keys()).filter((i) => numbers[term.docs[i]!]! >= 0);
      term.counts = kept.map((i) => term.counts[i]!);
      term.docs = kept.map((i) => numbers[term.docs[i]!]!);
      if (kept.length === 0) this.terms.delete(term.text);
    }
    this.lengths = this.lengths.filter((length) => length >= 0);
    this.norms = undefined;
    this.seen.clear();
    this.sorted = [];
    this.unsorted = [...this.terms.values()];
  }

  /** term returns the term of this text, a new one if there is none. */
  term(text: string): Occurrences {
    let term = this.terms.get(text);
    if (!term) {
      term = { text, docs: [], counts: [], df: 0 };
      this.terms.set(text, term);
      this.unsorted.push(term);
    }
    return term;
  }

  /** used returns the terms that are in any passage. */
  used(): Occurrences[] {
    return [...this.terms.values()].filter((term) => term.df > 0);
  }

  /** sums returns what every passage has of a query. */
  sums(query: string, typing: boolean): Sums {
    const sums = new Sums(this.lengths.length);
    const terms = queryTerms(query);
    for (const [text, count] of terms) {
      const term = this.find(text);
      if (term) this.addTerm(sums, Math.fround(count * this.idf(term.df)), term.docs, term.counts);
    }
    const found = typing ? this.completions(lastWord(query), terms) : [];
    if (found.length > 0) {
      // Together they are one term.
      const all = new Uint32Array(this.lengths.length);
      for (const { docs, counts } of found) for (let i = 0; i < docs.length; i++) all[docs[i]!]! += counts[i]!;
      const docs = Array.from(all.keys()).filter((doc) => all[doc]! > 0 && this.lengths[doc]! >= 0);
      this.addTerm(sums, Math.fround(PREFIX_WEIGHT * this.idf(docs.length)), docs, docs.map((doc) => all[doc]!));
    }
    return sums;
  }

  private idf(df: number): number {
    return idf(this.live, df);
  }

  private addTerm(sums: Sums, weight: number, docs: number[], counts: number[]): void {
    sums.term(weight);
    const norms = (this.norms ??= this.allNorms());
    for (let i = 0; i < docs.length; i++) {
      const doc = docs[i]!;
      if (this.lengths[doc]! >= 0) sums.add(doc, weight, saturate(counts[i]!, norms[doc]!));
    }
  }

  private allNorms(): Float32Array {
    const average = this.total > 0 ? Math.fround(Math.fround(this.total) / Math.fround(this.live)) : 1;
    return Float32Array.from(this.lengths, (length) => norm(length, average));
  }

  private find(text: string): Occurrences | undefined {
    const term = this.terms.get(text);
    return term && term.df > 0 ? term : undefined;
  }

  private ofWord(word: string): Occurrences[] {
    let terms = this.seen.get(word);
    if (!terms) {
      const list: Occurrences[] = [];
      wordTerms(word, (text) => list.push(this.term(text)));
      if (this.seen.size >= MAX_WORDS) this.seen.clear();
      this.seen.set(word, (terms = list));
    }
    return terms;
  }

  /** completions returns the terms that an unfinished word stands for, without those of the query: as keyword.ts finds them, in all of the index. */
  private completions(word: string, query: Map<string, number>): Occurrences[] {
    const part = lastDivision(word);
    let found = this.withPrefix(word);
    if (found.length === 0) found = this.withPrefix(part);
    for (let stem = part.slice(0, -1); found.length === 0 && utf8Length(stem) >= MIN_STEM; stem = stem.slice(0, -1)) {
      found = [this.find(stem) ?? []].flat();
    }
    const list = found.filter((term) => !query.has(term.text));
    if (list.length > MAX_COMPLETIONS) list.sort((a, b) => b.df - a.df).length = MAX_COMPLETIONS;
    return list;
  }

  private withPrefix(prefix: string): Occurrences[] {
    if (!atLeast(prefix, MIN_PREFIX)) return [];
    if (this.unsorted.length > 0) {
      // Two sorted runs are merged in linear time.
      const byBytes = (a: Occurrences, b: Occurrences): number => compareBytes(a.text, b.text);
      this.sorted = this.sorted.concat(this.unsorted.sort(byBytes)).sort(byBytes);
      this.unsorted = [];
    }
    const { sorted } = this;
    const found: Occurrences[] = [];
    let i = lastAtMost(sorted.length, (i) => compareBytes(sorted[i]!.text, prefix) >= 0) + 1;
    for (; sorted[i]?.text.startsWith(prefix); i++) if (sorted[i]!.df > 0) found.push(sorted[i]!);
    return found;
  }
}
