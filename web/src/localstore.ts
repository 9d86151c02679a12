import { GuestError, message } from "./errors.ts";
import { alone } from "./lanes.ts";
import type { Meaning } from "./meaning.ts";
import { checkDocuments, decodeSegment, encodeSegment, type StoredDocument } from "./segments.ts";
import type { Searchable } from "./session.ts";
import { divide } from "./site/divide.ts";
import type { SiteAnswer, SiteQuery } from "./site/index.ts";
import { MemoryIndex, textOf, type MemoryPassage } from "./site/memory.ts";
import { isFull, makingRoom, openFolder, type Folder } from "./storage.ts";
import { pause } from "./turns.ts";
import type { IndexStatus, LocalDocument, Stored } from "./types.ts";
import { decodeVectors, encodeVectors, keyOf, type Row } from "./vectorlog.ts";

const SAVE_EVERY = 32; // passages that a worker embedded
const MOST_FILES = 64;
const SEGMENT = 1 << 19; // UTF-16 units of text in one file, about
const DOCUMENTS = ".docs";
const VECTORS = ".vec";

/**
 * The documents of a local index and their vectors, in memory and in the
 * browser's storage. Storage is a log: files numbered in the order of writing,
 * each with documents added and ids removed, or with vectors by what they were
 * made from. Writers hold a lock; other tabs read on when they are told.
 */
export class LocalStore implements Searchable {
  readonly status: IndexStatus = { stage: "loading", pages: 0, passages: 0, languages: {}, meaning: false };
  private folder!: Folder;
  private index = new MemoryIndex();
  private readonly applied = new Set<string>(); // names of files
  private readonly rows = new Map<string, Row>(); // the model's vectors by keyOf
  private model = ""; // whose vectors are in use
  private reading: Promise<unknown> = Promise.resolve();
  private readonly news: BroadcastChannel;

  constructor(private readonly name: string, private readonly meaning: Meaning, private readonly report: () => void) {
    this.news = new BroadcastChannel(`effir local ${name}`);
    this.news.onmessage = () => void this.read().catch((thrown: unknown) => console.error(thrown));
  }

  get size(): number {
    return this.index.size;
  }

  get hasVectors(): boolean {
    return this.status.meaning;
  }

  get stored(): Stored {
    return this.folder?.kind ?? "memory";
  }

  /** load reads what is stored; a failure is recorded and thrown. */
  async load(): Promise<void> {
    try {
      this.folder = await openFolder(this.name);
      await this.writing(() => this.compact());
      this.status.stage = "ready";
    } catch (thrown) {
      Object.assign(this.status, { stage: "failed", error: message(thrown) });
      throw thrown;
    }
  }

  async search({ filters, sort, ...query }: SiteQuery): Promise<SiteAnswer> {
    if (filters && Object.keys(filters).length > 0) throw new Error("a local index has no filters");
    if (sort) throw new Error("a local index has no sort keys");
    const began = performance.now();
    const hits = this.index.search(query);
    const took = performance.now() - began;
    return { hits, timings: query.vector ? { scan: took } : { keyword: took }, transferred: { files: 0, bytes: 0 } };
  }

  /** prepare brings the vectors of the model into use that reads the query. */
  async prepare(): Promise<void> {
    await this.meaning.ready();
    await this.use(this.meaning.model);
  }

  documents(): { id: string; title: string }[] {
    return this.index.documents().map(({ id, title }) => ({ id, title }));
  }

  async add(documents: LocalDocument[]): Promise<void> {
    checkDocuments(documents);
    const divided = documents.map(({ id, title = "", text, url = "", meta = {} }) => ({ id, title, url, meta, passages: divide(text) }));
    await this.writing(async () => {
      await this.write(DOCUMENTS, encodeSegment({ removed: [], documents: divided }), documents.length === 1 ? "a document" : `${documents.length} documents`);
      this.put(divided);
    });
  }

  async remove(ids: string[]): Promise<void> {
    await this.writing(async () => {
      await this.write(DOCUMENTS, encodeSegment({ removed: ids, documents: [] }), "that documents were removed");
      this.index.remove(ids);
    });
  }

  async clear(): Promise<void> {
    await this.writing(async () => {
      for (const name of (await this.folder.list()).sort()) await this.folder.remove(name);
      this.forget();
    });
  }

  /**
   * embed gives every passage its vector, one tab at a time, and stores them on
   * the way and when it is ended. progress gets passages done, of all that were
   * to do.
   */
  async embed(progress: (done: number, all: number) => void, signal: AbortSignal): Promise<void> {
    try {
      await this.meaning.whole();
    } catch (thrown) {
      if (this.meaning.status.stage === "failed") return; // the status says why
      throw thrown;
    }
    await alone(`effir embed ${this.name}`, signal, async () => {
      await this.read();
      await this.use(this.meaning.model);
      let done = 0;
      for (;;) {
        const batch = this.index.pending(SAVE_EVERY * this.meaning.workers);
        if (batch.length === 0) return;
        const { passages, embedded } = this.index.counts;
        const left = passages - embedded;
        const all = done + left;
        const made: MemoryPassage[] = [];
        try {
          await this.meaning.embedAll(batch.map(textOf), "passage", left - batch.length, signal, (text, outcome) => {
            const passage = batch[text]!;
            // Zeros are like nothing: the model sees nothing in such a passage.
            this.index.setVector(passage, outcome instanceof GuestError ? new Float32Array(this.meaning.dims) : outcome);
            made.push(passage);
            progress(++done, all);
          });
        } finally {
          await this.saveVectors(made);
        }
      }
    });
  }

  private async saveVectors(passages: MemoryPassage[]): Promise<void> {
    const { model } = this;
    for (const passage of passages) if (passage.vector) this.rows.set(keyOf(textOf(passage)), passage.vector);
    await this.writing(async () => {
      const rows = passages.flatMap((passage): [string, Row][] => (passage.vector ? [[keyOf(textOf(passage)), passage.vector]] : []));
      if (rows.length > 0) await this.write(VECTORS, encodeVectors(model, rows), `the vectors of ${rows.length} passages`);
    });
  }

  /** writing runs a change on what is newest, alone among all tabs, and tells the others. */
  private async writing(change: () => Promise<void>): Promise<void> {
    await alone(`effir local ${this.name}`, undefined, async () => {
      await this.read();
      await change();
      this.attach();
    });
    this.news.postMessage("changed");
  }

  /** write adds a file behind all others. */
  private async write(kind: string, bytes: Uint8Array<ArrayBuffer>, what: string): Promise<void> {
    const last = (await this.folder.list()).sort().at(-1) ?? "0";
    const name = String(Number.parseInt(last, 10) + 1).padStart(8, "0") + kind;
    try {
      await makingRoom(() => this.folder.write(name, bytes));
    } catch (thrown) {
      await this.folder.remove(name).catch(() => {});
      if (!isFull(thrown)) throw thrown;
      throw new Error(`the browser has no room to keep ${what}: what was added before is kept; remove documents or free storage`);
    }
    this.applied.add(name);
  }

  /** read applies the files that are new. */
  private read(): Promise<void> {
    const next = this.reading.then(() => this.readNew());
    this.reading = next.catch(() => {});
    return next;
  }

  private async readNew(): Promise<void> {
    const names = (await this.folder.list()).sort();
    const there = new Set(names);
    // Another tab cleared or compacted: begin again.
    if ([...this.applied].some((name) => !there.has(name))) this.forget();
    const fresh = names.filter((name) => !this.applied.has(name));
    if (this.model === "") this.model = await this.newestModel(fresh);
    for (const name of fresh) {
      const bytes = await this.folder.read(name);
      this.applied.add(name);
      if (bytes) this.apply(name, bytes);
      await pause();
    }
    if (fresh.length > 0) this.attach();
  }

  /** apply takes over a file; one that a crash left unfinished holds nothing that was promised to be kept. */
  private apply(name: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (name.endsWith(DOCUMENTS)) {
      const segment = decodeSegment(bytes);
      this.index.remove(segment?.removed ?? []);
      this.put(segment?.documents ?? []);
    } else if (name.endsWith(VECTORS)) {
      const log = decodeVectors(bytes);
      if (log?.model === this.model) for (const [key, row] of log.rows) this.rows.set(key, row);
    }
  }

  private put(documents: StoredDocument[]): void {
    for (const { passages, ...document } of documents) this.index.put({ ...document, number: 0, passages: [] }, passages);
  }

  private async newestModel(names: string[]): Promise<string> {
    const newest = names.filter((name) => name.endsWith(VECTORS)).at(-1);
    const bytes = newest === undefined ? undefined : await this.folder.read(newest);
    return (bytes && decodeVectors(bytes)?.model) ?? "";
  }

  /** use takes the vectors of another model into use. */
  private async use(model: string): Promise<void> {
    if (model === this.model) return;
    this.model = model;
    this.index.dropVectors();
    this.rows.clear();
    for (const name of this.applied) if (name.endsWith(VECTORS)) this.applied.delete(name);
    await this.read();
    this.attach();
  }

  /** attach gives passages the vectors that are stored for their text. */
  private attach(): void {
    if (this.rows.size > 0) {
      for (const passage of this.index.pending(Infinity)) {
        const row = this.rows.get(keyOf(textOf(passage)));
        if (!row) continue;
        this.index.setVector(passage, Float32Array.from(row.row, (x) => x * row.scale));
        passage.vector = row; // rounding twice may differ in the last bit
      }
    }
    const { passages, embedded } = this.index.counts;
    Object.assign(this.status, { pages: this.index.size, passages, meaning: embedded > 0 });
    this.report();
  }

  private forget(): void {
    this.index = new MemoryIndex();
    this.applied.clear();
    this.rows.clear();
    this.attach();
  }

  /** compact writes all documents anew when the log has become long. */
  private async compact(): Promise<void> {
    const old = (await this.folder.list()).sort();
    if (old.length <= MOST_FILES) return;
    const all = this.index.documents();
    for (let from = 0; from < all.length; ) {
      const documents: StoredDocument[] = [];
      for (let size = 0; from < all.length && size < SEGMENT; from++) {
        const { id, title, url, meta, passages } = all[from]!;
        documents.push({ id, title, url, meta, passages: passages.map(({ heading, text }) => ({ heading, text })) });
        size += passages.reduce((sum, { text }) => sum + text.length, title.length);
      }
      await this.write(DOCUMENTS, encodeSegment({ removed: [], documents }), "the documents in another form");
    }
    const used = new Set(all.flatMap(({ passages }) => passages.map((passage) => keyOf(textOf(passage)))));
    const rows = [...this.rows].filter(([key]) => used.has(key));
    if (rows.length > 0) await this.write(VECTORS, encodeVectors(this.model, rows), "the vectors in another form");
    // Oldest first: a removal outlives what it removed.
    for (const name of old) {
      await this.folder.remove(name);
      this.applied.delete(name);
    }
  }
}
