import { sha256, WrongContent, type FileRef, type Store } from "./content.ts";
import { parts } from "./http.ts";
import { alone, atOnce } from "./lanes.ts";
import type { PageHashes, Range } from "./manifest.ts";
import { release } from "./release.ts";
import { downloadRun, type Run } from "./runs.ts";

/** Where the weights image is put together: a part of the kernels' memory. */
export interface Image {
  write(offset: number, bytes: Uint8Array): void;
  /** view returns bytes that are good until the memory grows: for calls that copy them at once. */
  view(offset: number, bytes: number): Uint8Array<ArrayBuffer>;
}

/** A chunk of the image and the pages that it is verified by. */
interface Chunk {
  file: FileRef;
  /** Where it lies in the image. */
  offset: number;
  pageBytes: number;
  hashes: string[];
  present: boolean[];
  /** Pages that the cache has. */
  kept: boolean[];
  complete: boolean;
}

/** What the cache has of a chunk, bytes [start, end) by its name; not verified. */
interface Entry {
  url: string;
  start: number;
  end: number;
  bytes: Uint8Array<ArrayBuffer> | undefined;
}

const LANES = 4;
const KEEP_EVERY = 1 << 20; // bytes that a crash may cost

/**
 * Weights brings a package's weights image into memory page by page. A page is
 * compared with its hash before it is written, and a chunk that is complete with
 * its own. Pages are kept in the store as they come, so that a download that
 * breaks off, in this tab or another, goes on where it was. Without pages.json a
 * page is a whole chunk.
 */
export class Weights {
  /** Bytes in place, how many of them the cache had, and bytes on their way. */
  loaded = 0;
  cached = 0;
  arriving = 0;
  private readonly chunks: Chunk[] = [];
  private urgent = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly store: Store,
    files: FileRef[],
    pages: PageHashes | undefined,
    private readonly image: Promise<Image>,
    private readonly onProgress: () => void,
  ) {
    let offset = 0;
    let page = 0;
    for (const file of files) {
      const count = pages ? Math.ceil(file.bytes / pages.pageBytes) : 1;
      const hashes = pages ? pages.hashes.slice(page, page + count) : [file.name];
      const none = hashes.map(() => false);
      this.chunks.push({ file, offset, pageBytes: pages?.pageBytes ?? file.bytes, hashes, present: none, kept: [...none], complete: false });
      offset += file.bytes;
      page += count;
    }
  }

  /** has says that all of these parts are in place. */
  has(ranges: Range[]): boolean {
    return this.chunks.every((chunk) => missing(chunk, ranges).length === 0);
  }

  /** load brings parts into place, sharing the work with other tabs; it gives way to need. */
  async load(ranges: Range[], signal: AbortSignal): Promise<void> {
    const chunks = this.chunks.filter((chunk) => missing(chunk, ranges).length > 0);
    await atOnce(LANES, chunks, signal, async (chunk, either) => {
      await this.fromCache(chunk, missing(chunk, ranges));
      if (missing(chunk, ranges).length === 0) return this.check(chunk);
      await alone(`effir ${this.store.url(chunk.file)}`, either, async () => {
        await this.fromCache(chunk, missing(chunk, ranges)); // what another tab fetched meanwhile
        await this.download(chunk, missing(chunk, ranges), either, false);
      });
      await this.check(chunk);
    });
  }

  /** need brings parts into place at once: for these somebody waits. */
  async need(ranges: Range[], signal: AbortSignal): Promise<void> {
    if (this.has(ranges)) return;
    this.urgent++;
    try {
      const chunks = this.chunks.filter((chunk) => missing(chunk, ranges).length > 0);
      await atOnce(LANES, chunks, signal, async (chunk, either) => {
        await this.fromCache(chunk, missing(chunk, ranges));
        await this.download(chunk, missing(chunk, ranges), either, true);
        await this.check(chunk);
      });
    } finally {
      this.urgent--;
      if (this.urgent === 0) for (const go of this.waiting.splice(0)) go();
    }
  }

  /** download fetches runs of pages, one after the other; those that are urgent side by side. */
  private async download(chunk: Chunk, runs: Run[], signal: AbortSignal, urgent: boolean): Promise<void> {
    const image = await this.image;
    let unkept = 0;
    let arriving = 0;
    const writing: Promise<void>[] = [];
    try {
      await atOnce(urgent ? LANES : 1, runs, signal, (run, either) =>
        downloadRun(this.store.url(chunk.file), chunk, run, either, {
          verified: (page, bytes) => {
            this.place(image, chunk, page, bytes, false);
            if ((unkept += bytes.length) >= KEEP_EVERY) {
              unkept = 0;
              writing.push(this.keep(image, chunk));
            }
          },
          arriving: (delta) => {
            arriving += delta;
            this.arriving += delta;
            this.onProgress();
          },
          turn: () => (urgent ? undefined : this.quiet()),
        }),
      );
    } finally {
      this.arriving -= arriving;
      writing.push(this.keep(image, chunk));
      await Promise.all(writing); // before another tab may look
    }
  }

  /** quiet waits while somebody waits for pages of their own. */
  private quiet(): Promise<void> | undefined {
    if (this.urgent === 0) return undefined;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private place(image: Image, chunk: Chunk, page: number, bytes: Uint8Array, cached: boolean): void {
    if (chunk.present[page]) return;
    image.write(chunk.offset + page * chunk.pageBytes, bytes);
    this.placed(chunk, page, cached);
  }

  /** placed notes a page that is verified and in the image. */
  private placed(chunk: Chunk, page: number, cached: boolean): void {
    if (chunk.present[page]) return;
    const [start, end] = span(chunk, page, page + 1);
    chunk.present[page] = true;
    this.loaded += end - start;
    if (cached) {
      chunk.kept[page] = true;
      this.cached += end - start;
    }
    this.onProgress();
  }

  /** check compares a chunk that has just become complete with its name. */
  private async check(chunk: Chunk): Promise<void> {
    if (chunk.complete || chunk.present.includes(false)) return;
    chunk.complete = true;
    if (chunk.hashes.length === 1 && chunk.hashes[0] === chunk.file.name) return;
    if ((await sha256((await this.image).view(chunk.offset, chunk.file.bytes))) === chunk.file.name) return;
    for (const url of await this.store.keptOf(chunk.file)) await this.store.forget(url);
    throw new WrongContent(this.store.url(chunk.file));
  }

  /** keep stores runs of pages that are in place and not kept yet. */
  private async keep(image: Image, chunk: Chunk): Promise<void> {
    const writing: Promise<void>[] = [];
    for (const { from, to } of runsOf(chunk.present.length, (page) => chunk.present[page]! && !chunk.kept[page])) {
      chunk.kept.fill(true, from, to);
      const [start, end] = span(chunk, from, to);
      writing.push(this.store.write(this.store.url(chunk.file, `?bytes=${start}-${end - 1}`), image.view(chunk.offset + start, end - start)));
    }
    await Promise.all(writing);
  }

  /** fromCache places those of the wanted pages that the store holds; entries with wrong bytes are forgotten. */
  private async fromCache(chunk: Chunk, wanted: Run[]): Promise<void> {
    const entries = await this.entries(chunk, wanted);
    if (entries.length === 0) return;
    const pages = pagesOf(wanted);
    const whole = chunk.present.every((present, page) => present || pages.includes(page)) && covers(chunk, entries);
    const image = await this.image;
    if (whole && (await this.pourWhole(image, chunk, entries))) return;
    await Promise.all(entries.map(async (entry) => (entry.bytes = await this.store.read(entry.url))));
    for (const page of pages) {
      if (chunk.present[page]) continue;
      const [start, end] = span(chunk, page, page + 1);
      const used = entries.filter((entry) => entry.bytes?.length === entry.end - entry.start && entry.start < end && entry.end > start);
      const bytes = gather(used, start, end);
      if (!bytes) continue;
      if ((await sha256(bytes)).startsWith(chunk.hashes[page]!)) this.place(image, chunk, page, bytes, true);
      else for (const entry of used) await this.store.forget(entry.url);
    }
    for (const { bytes } of entries) if (bytes) release(bytes);
  }

  /** entries lists what the store holds of wanted pages, in the order of the chunk. */
  private async entries(chunk: Chunk, wanted: Run[]): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (const url of await this.store.keptOf(chunk.file)) {
      const [, start, last] = /\?bytes=(\d+)-(\d+)$/.exec(url)?.map(Number) ?? [];
      if (start === undefined || last === undefined || last < start || last >= chunk.file.bytes) continue;
      if (wanted.some(({ from, to }) => start < to * chunk.pageBytes && last >= from * chunk.pageBytes)) entries.push({ url, start, end: last + 1, bytes: undefined });
    }
    return entries.sort((a, b) => a.start - b.start);
  }

  /**
   * pourWhole completes a chunk from entries and holds it against its name: one
   * hash instead of one for each page, and no copy of what is read. New pages
   * count as in place only then. It returns false if entries lack a part or have
   * wrong bytes.
   */
  private async pourWhole(image: Image, chunk: Chunk, entries: Entry[]): Promise<boolean> {
    for (const entry of entries) if (!(await this.pour(image, chunk, entry))) return false;
    // Pages that are verified meanwhile lie over these: the digest has its own copy.
    if ((await sha256(image.view(chunk.offset, chunk.file.bytes))) !== chunk.file.name) return false;
    chunk.complete = true;
    chunk.hashes.forEach((_, page) => this.placed(chunk, page, true));
    return true;
  }

  /** pour writes an entry over pages that are not in place, as it is read; false if it has another length than it should. */
  private async pour(image: Image, chunk: Chunk, { url, start, end }: Entry): Promise<boolean> {
    let at = start;
    try {
      const found = await this.store.find(url);
      if (!found?.body) return false;
      for await (const part of parts(found)) {
        if (at + part.length > end) return false;
        for (let from = 0; from < part.length; ) {
          const page = Math.floor((at + from) / chunk.pageBytes);
          const to = Math.min(part.length, (page + 1) * chunk.pageBytes - at);
          if (!chunk.present[page]) image.write(chunk.offset + at + from, part.subarray(from, to));
          from = to;
        }
        at += part.length;
      }
    } catch {
      return false; // what the browser cannot read is fetched
    }
    return at === end;
  }
}

/** missing returns the runs of pages of a chunk that ranges of the image touch and that are not in place. */
function missing(chunk: Chunk, ranges: Range[]): Run[] {
  const wanted = new Set<number>();
  for (const { offset, bytes } of ranges) {
    const start = Math.max(0, offset - chunk.offset);
    const end = Math.min(chunk.file.bytes, offset + bytes - chunk.offset);
    if (start >= end) continue;
    for (let page = Math.floor(start / chunk.pageBytes); page * chunk.pageBytes < end; page++) wanted.add(page);
  }
  return runsOf(chunk.present.length, (page) => wanted.has(page) && !chunk.present[page]);
}

/** runsOf returns the runs of numbers below n for which a condition holds. */
function runsOf(n: number, holds: (i: number) => boolean): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < n; i++) {
    if (!holds(i)) continue;
    const last = runs.at(-1);
    if (last?.to === i) last.to++;
    else runs.push({ from: i, to: i + 1 });
  }
  return runs;
}

/** covers says that entries, in order, have all of a chunk that is not in place, by their names. */
function covers(chunk: Chunk, entries: Entry[]): boolean {
  return runsOf(chunk.present.length, (page) => !chunk.present[page]).every((run) => {
    let [at, end] = span(chunk, run.from, run.to);
    for (const entry of entries) if (entry.start <= at) at = Math.max(at, entry.end);
    return at >= end;
  });
}

/** pagesOf returns the numbers of the pages of runs. */
function pagesOf(runs: Run[]): number[] {
  return runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
}

/** span returns where a run of pages starts and ends in its chunk. */
function span(chunk: Chunk, from: number, to: number): [start: number, end: number] {
  return [from * chunk.pageBytes, Math.min(to * chunk.pageBytes, chunk.file.bytes)];
}

/** gather returns the bytes [start, end) of pieces in order; undefined if they have a gap. */
function gather(pieces: Entry[], start: number, end: number): Uint8Array<ArrayBuffer> | undefined {
  const out = new Uint8Array(end - start);
  let at = start;
  for (const piece of pieces) {
    if (piece.start > at) return undefined;
    const part = piece.bytes!.subarray(at - piece.start, end - piece.start);
    out.set(part, at - start);
    at += part.length;
    if (at >= end) return out;
  }
  return undefined;
}
