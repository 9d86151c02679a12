import type { Inverted, Occurrences } from "./inverted.ts";
import type { MemoryDocument, MemoryPassage } from "./memory.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/*
 * The stored form of a MemoryIndex, numbers and texts as in a site's files:
 *
 *   magic      8 bytes "EFFIRME1"
 *   documents  uv count; per document str id, title, url; uv count and str key,
 *              str value of meta; uv count and str heading, str text of passages
 *   vectors    uv dims, 0 without any; if not 0, per passage uv 1 and f32 scale,
 *              dims int8, or uv 0
 *   terms      uv count; per term str text, uv number of passages, and for each
 *              uv gap (passage - previous - 1, previous starts -1), uv count
 */
const MAGIC = "EFFIRME1";
const MAX_DIMS = 1 << 16;
const MAX_COUNT = 1 << 24;

export interface MemoryContent {
  documents: MemoryDocument[]; // their passages are numbered in this order
  dims: number;
  terms: Occurrences[];
}

export function writeMemory({ documents, dims, terms }: MemoryContent): Uint8Array<ArrayBuffer> {
  const w = new Writer();
  w.put(new TextEncoder().encode(MAGIC));
  w.uv(documents.length);
  for (const { id, title, url, meta, passages } of documents) {
    for (const text of [id, title, url]) w.str(text);
    const entries = Object.entries(meta);
    w.uv(entries.length);
    for (const text of entries.flat()) w.str(text);
    w.uv(passages.length);
    for (const { heading, text } of passages) w.str(heading), w.str(text);
  }
  w.uv(dims);
  if (dims > 0) for (const { vector } of documents.flatMap((document) => document.passages)) writeVector(w, vector);
  w.uv(terms.length);
  for (const { text, docs, counts } of terms) {
    w.str(text);
    w.uv(docs.length);
    docs.forEach((doc, i) => {
      w.uv(doc - (docs[i - 1] ?? -1) - 1);
      w.uv(counts[i]!);
    });
  }
  return w.done();
}

function writeVector(w: Writer, vector: MemoryPassage["vector"]): void {
  w.uv(vector ? 1 : 0);
  if (!vector) return;
  w.f32(vector.scale);
  w.put(new Uint8Array(vector.row.buffer, vector.row.byteOffset, vector.row.length));
}

/** readMemory returns the documents with their passages, and fills `words`, which must be new. */
export function readMemory(bytes: Uint8Array, words: Inverted): Omit<MemoryContent, "terms"> {
  const r = new Reader(bytes, "the stored index", MAGIC, "clear it and add the documents again");
  const documents: MemoryDocument[] = [];
  const passages: MemoryPassage[] = [];
  const ids = new Set<string>();
  for (let left = r.count("documents", 5); left > 0; left--) {
    const document: MemoryDocument = { number: documents.length, id: r.str("id"), title: r.str("title"), url: r.str("url"), meta: {}, passages: [] };
    if (ids.has(document.id)) throw r.fail("ids", "repeat");
    ids.add(document.id);
    const meta: [string, string][] = [];
    for (let entries = r.count("meta", 2); entries > 0; entries--) meta.push([r.str("key"), r.str("value")]);
    document.meta = Object.fromEntries(meta);
    for (let parts = r.count("passages", 2); parts > 0; parts--) {
      const passage: MemoryPassage = { document, number: passages.length, heading: r.str("heading"), text: r.str("text") };
      document.passages.push(passage);
      passages.push(passage);
      words.append();
    }
    documents.push(document);
  }
  const dims = r.uv("dims", MAX_DIMS);
  if (dims > 0) for (const passage of passages) readVector(r, passage, dims);
  readTerms(r, words, passages.length);
  r.end();
  return { documents, dims };
}

function readVector(r: Reader, passage: MemoryPassage, dims: number): void {
  if (r.uv("vectors", 1) === 0) return;
  const scale = r.f32("scale");
  const row = Int8Array.from(r.take(dims, "vectors")); // a copy: the file need not stay in memory
  if (scale < 0 || row.includes(-128)) throw r.fail("vectors");
  passage.vector = { row, scale };
}

function readTerms(r: Reader, words: Inverted, passages: number): void {
  for (let left = r.count("terms", 4); left > 0; left--) {
    const term = words.term(r.str("term"));
    if (term.docs.length > 0) throw r.fail("terms", "repeat");
    let next = 0;
    for (let listed = r.count("passages of a term", 2); listed > 0; listed--) {
      const doc = next + r.uv("passages of a term");
      const count = r.uv("count", MAX_COUNT);
      if (doc >= passages || count === 0) throw r.fail("passages of a term");
      words.occurs(term, doc, count);
      next = doc + 1;
    }
  }
}
