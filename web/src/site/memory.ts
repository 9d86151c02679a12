import { ContentError } from "../errors.ts";
import type { Hit, LocalDocument } from "../types.ts";
import { TITLE_WEIGHT } from "./bm25.ts";
import { divide } from "./divide.ts";
import { fuse, FUSE_DEPTH, type Fusion, ofKeyword, type Similarity, spread } from "./fuse.ts";
import { group } from "./group.ts";
import { highlighter } from "./highlight.ts";
import { Inverted } from "./inverted.ts";
import { readMemory, writeMemory } from "./memoryfile.ts";
import { Best, type KeywordMatch } from "./order.ts";
import { quantise, type Quantised, similarity } from "./quantise.ts";

/** A document in the index. */
export interface MemoryDocument {
  /** Stays the same while the document is in this index. */
  number: number;
  id: string;
  title: string;
  url: string;
  meta: Record<string, string>;
  passages: MemoryPassage[];
}

/** A part of a document. */
export interface MemoryPassage {
  document: MemoryDocument;
  /** Its number in the inverted index; -1 once it is removed. */
  number: number;
  heading: string;
  text: string;
  vector?: Quantised;
}

export interface MemoryQuery {
  /** Empty with a vector: by meaning alone. */
  text: string;
  vector?: Float32Array | undefined;
  /** The most documents to return. Default 10. */
  limit?: number | undefined;
  /** The last word may be unfinished. Default true. */
  typing?: boolean | undefined;
  /** What is highlighted. Default: text. */
  highlight?: string | undefined;
}

const DEFAULT_FUSION: Fusion = { keyword: 1, semantic: Math.fround(0.03) };

/** Removed passages are cleared away when there are so many and more than others. */
const MANY = 1000;

/**
 * MemoryIndex searches documents that exist only in the page, by keyword and,
 * where passages have vectors, by meaning: with the same analysis and the same
 * formulas as a site's index, but exact counts instead of impacts, and all cosines.
 */
export class MemoryIndex {
  private readonly byID = new Map<string, MemoryDocument>();
  private passages: MemoryPassage[] = []; // by number, the removed ones too
  private readonly words = new Inverted();
  private removed = 0;
  private lastNumber = -1;
  private dims = 0; // 0 until there is a vector

  constructor(private readonly fusion = DEFAULT_FUSION) {}

  /** The number of documents. */
  get size(): number {
    return this.byID.size;
  }

  /** How many passages there are, and how many of them have a vector. */
  get counts(): { passages: number; embedded: number } {
    const all = this.all();
    return { passages: all.length, embedded: all.filter((passage) => passage.vector).length };
  }

  /** documents returns all documents in the order they came. */
  documents(): MemoryDocument[] {
    return [...this.byID.values()];
  }

  /** add takes documents, each in place of one with the same id. Long texts are divided into passages. */
  add(documents: LocalDocument[]): void {
    for (const { id, title = "", text, url = "", meta = {} } of documents) {
      if (![id, title, text, url, ...Object.values(meta)].every((field) => typeof field === "string")) {
        throw new ContentError(`add: a field of document ${JSON.stringify(id)} is not a string; give id and text, and if need be title, url and meta`);
      }
      this.put({ number: 0, id, title, url, meta, passages: [] }, divide(text));
    }
  }

  /** put takes a document with its passages. */
  put(document: MemoryDocument, parts: Pick<MemoryPassage, "heading" | "text">[]): void {
    this.remove([document.id]);
    document.number = ++this.lastNumber;
    this.byID.set(document.id, document);
    for (const { heading, text } of parts) {
      const passage: MemoryPassage = { document, number: this.passages.length, heading, text };
      document.passages.push(passage);
      this.passages.push(passage);
      this.words.add([
        [titleOf(passage), TITLE_WEIGHT],
        [text, 1],
      ]);
    }
  }

  /** remove forgets documents; ids that there are none of are passed over. */
  remove(ids: string[]): void {
    for (const id of ids) {
      const document = this.byID.get(id);
      if (!document) continue;
      this.byID.delete(id);
      for (const passage of document.passages) {
        this.words.remove(passage.number, [titleOf(passage), passage.text]);
        passage.number = -1;
        this.removed++;
      }
    }
    if (this.removed > MANY && 2 * this.removed > this.passages.length) this.tidy();
  }

  /** pending returns passages without a vector, at most `limit`; textOf has what to embed of each. */
  pending(limit: number): MemoryPassage[] {
    const found: MemoryPassage[] = [];
    for (const passage of this.passages) {
      if (found.length >= limit) break;
      if (passage.number >= 0 && !passage.vector) found.push(passage);
    }
    return found;
  }

  /** setVector gives a passage its vector, of unit length; one that was removed meanwhile is passed over. */
  setVector(passage: MemoryPassage, vector: Float32Array): void {
    if (passage.number < 0) return;
    this.checkDims(vector);
    passage.vector = quantise(vector);
    this.dims = vector.length;
  }

  /** dropVectors forgets all vectors: they are of another model. */
  dropVectors(): void {
    for (const passage of this.passages) delete passage.vector;
    this.dims = 0;
  }

  /** serialise returns the whole index; restore reads it. */
  serialise(): Uint8Array<ArrayBuffer> {
    this.tidy();
    return writeMemory({ documents: this.documents(), dims: this.dims, terms: this.words.used() });
  }

  /** restore returns the index that serialise wrote. Anything else is a ContentError. */
  static restore(bytes: Uint8Array, fusion = DEFAULT_FUSION): MemoryIndex {
    const index = new MemoryIndex(fusion);
    const { documents, dims } = readMemory(bytes, index.words);
    index.dims = dims;
    for (const document of documents) {
      index.byID.set(document.id, document);
      index.passages.push(...document.passages);
    }
    index.lastNumber = documents.length - 1;
    return index;
  }

  search(query: MemoryQuery): Hit[] {
    const limit = Math.max(query.limit ?? 10, 1);
    const depth = Math.max(FUSE_DEPTH, 10 * limit);
    const best = new Best(depth);
    const sums = this.words.sums(query.text, query.typing ?? true);
    sums.scores.forEach((score, doc) => score > 0 && best.push(doc, score));
    const keyword = sums.matches(best.sorted());
    const candidates = query.vector ? this.fused(keyword, query.vector, depth) : ofKeyword(keyword);
    const highlight = highlighter(query.highlight ?? query.text);
    const groups = group(candidates, (doc) => this.passages[doc]!.document.number);
    return groups.slice(0, limit).map(({ page, score, keywordRank, semanticRank, passages }) => {
      const { id, title, url, meta } = this.passages[passages[0]!.doc]!.document;
      const found = passages.map(({ doc, score }) => {
        const { heading, text } = this.passages[doc]!;
        return { id: doc, url, heading, text, highlights: highlight(text), score };
      });
      return { page, id, url, title, language: "", meta, score, keywordRank, semanticRank, passages: found };
    });
  }

  /** all returns the passages that are not removed, in their order. */
  private all(): MemoryPassage[] {
    return this.passages.filter((passage) => passage.number >= 0);
  }

  private fused(keyword: KeywordMatch[], vector: Float32Array, depth: number): ReturnType<typeof fuse> {
    const covered = this.all().filter((passage) => passage.vector);
    if (covered.length > 0) this.checkDims(vector);
    const query = quantise(vector);
    const cosines = Float32Array.from(covered, (passage) => similarity(query, passage.vector!));
    const best = new Best(depth);
    const of = new Map<number, number>();
    covered.forEach(({ number }, i) => {
      best.push(number, cosines[i]!);
      of.set(number, cosines[i]!);
    });
    const measured: Similarity = { cosine: (doc) => of.get(doc), ...spread(cosines) };
    return fuse(this.fusion, keyword, best.sorted(), measured);
  }

  private checkDims(vector: Float32Array): void {
    if (this.dims === 0 || vector.length === this.dims) return;
    throw new ContentError(`a vector has ${vector.length} numbers, the index ${this.dims}; embed all documents with the same model`);
  }

  private tidy(): void {
    const numbers = Int32Array.from(this.passages, (passage) => passage.number);
    this.passages = this.all();
    this.passages.forEach((passage, i) => (numbers[passage.number] = passage.number = i));
    this.words.renumber(numbers);
    this.removed = 0;
  }
}

/** textOf returns what is embedded of a passage. */
export function textOf(passage: MemoryPassage): string {
  return lines(titleOf(passage), passage.text);
}

function titleOf({ document: { title }, heading }: MemoryPassage): string {
  return heading === title ? title : lines(title, heading);
}

function lines(...texts: string[]): string {
  return texts.filter((text) => text !== "").join("\n");
}
