import { compareBytes, lastAtMost } from "./order.ts";
import { Reader } from "./reader.ts";

/** One term of a shard. */
export interface Term {
  text: string;
  /** How many passages hold it. */
  df: number;
  /** How many of them are listed: the ones with the highest impacts. */
  listed: number;
  /** Where its postings lie in the shard. */
  start: number;
  end: number;
}

/** Postings of one term: passage numbers, ascending, and the impact of the term on each, 1 to 255. */
export interface Postings {
  docs: Uint32Array;
  impacts: Uint8Array;
}

/** The longest term in bytes: 64 characters, each up to 4 bytes and folded to no more than 8. */
const MAX_TERM = 1 << 10;

/** A stretch of the dictionary with its postings, which are read when needed. */
export class TermShard {
  private readonly numbers = new Map<string, Term>();
  private readonly postingsRead = new Map<Term, Postings>();

  private constructor(
    private readonly raw: Uint8Array,
    private readonly file: string,
    private readonly passages: number,
    private readonly terms: Term[], // in the order of their bytes
  ) {
    for (const term of terms) this.numbers.set(term.text, term);
  }

  /** parse reads a shard of an index of so many passages. */
  static parse(raw: Uint8Array, file: string, passages: number): TermShard {
    const r = new Reader(raw, file, "EFFIRST1");
    const terms: Term[] = [];
    const bytes = new Uint8Array(MAX_TERM);
    let size = 0;
    let at = 0;
    for (let left = r.count("terms", 6); left > 0; left--) {
      const shared = r.uv("shared prefix", size);
      const rest = r.take(r.uv("term", MAX_TERM - shared), "term");
      bytes.set(rest, shared);
      size = shared + rest.length;
      const text = r.text(bytes.subarray(0, size), "term");
      const before = terms.at(-1);
      if (size === 0 || (before && compareBytes(before.text, text) >= 0)) throw r.fail("terms", "are not in order");
      const df = r.uv("passages of a term", passages);
      const listed = r.uv("listed passages of a term", df);
      const length = r.uv("postings");
      if (df === 0 || length < 2 * listed) throw r.fail("postings", "do not have the promised size");
      terms.push({ text, df, listed, start: at, end: at + length });
      at += length;
    }
    if (at !== r.left) throw r.fail("postings", "do not have the promised size");
    for (const term of terms) {
      term.start += r.pos;
      term.end += r.pos;
    }
    return new TermShard(raw, file, passages, terms);
  }

  find(term: string): Term | undefined {
    return this.numbers.get(term);
  }

  /** withPrefix returns the terms that begin with a prefix, in the order of their bytes. */
  withPrefix(prefix: string): Term[] {
    const from = lastAtMost(this.terms.length, (i) => compareBytes(this.terms[i]!.text, prefix) >= 0) + 1;
    let to = from;
    while (this.terms[to]?.text.startsWith(prefix)) to++;
    return this.terms.slice(from, to);
  }

  postings(term: Term): Postings {
    let found = this.postingsRead.get(term);
    if (!found) {
      found = this.read(term);
      this.postingsRead.set(term, found);
    }
    return found;
  }

  private read(term: Term): Postings {
    const r = new Reader(this.raw.subarray(term.start, term.end), this.file);
    const docs = new Uint32Array(term.listed);
    let next = 0; // the lowest number that the next passage can have
    for (let i = 0; i < docs.length; i++) {
      const doc = next + r.uv("postings");
      if (doc >= this.passages) throw r.fail("postings", "name a passage that does not exist");
      docs[i] = doc;
      next = doc + 1;
    }
    const impacts = r.take(docs.length, "impacts");
    if (impacts.includes(0)) throw r.fail("impacts", "are 0");
    r.end();
    return { docs, impacts };
  }
}
