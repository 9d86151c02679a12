import { ContentError } from "../src/errors.ts";
import { type Fetcher, Loader, Need } from "../src/site/loader.ts";
import { highlighter, MemoryIndex, parseSiteManifest, textOf } from "../src/site/index.ts";
import { divide } from "../src/site/divide.ts";
import type { Ref } from "../src/site/reader.ts";
import { equal, fails, test } from "./harness.ts";

/** A fetcher of files that hold their number again and again; it answers when told to. */
class Shelf implements Fetcher {
  readonly asked: string[] = [];
  running = 0;
  most = 0;
  private readonly answers: (() => void)[] = [];

  constructor(private held = false) {}

  async get(ref: Ref, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    this.asked.push(ref.name);
    this.most = Math.max(this.most, ++this.running);
    if (this.held) await new Promise<void>((resolve) => this.answers.push(resolve));
    this.running--;
    signal.throwIfAborted();
    return zip(new Uint8Array(1000).fill(Number(ref.name)));
  }

  /** answer lets all requests through, those that come later too. */
  answer(): void {
    this.held = false;
    for (const go of this.answers.splice(0)) go();
  }
}

async function zip(raw: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([raw]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const file = (number: number, raw = 1000): Ref => ({ name: String(number), bytes: 30, raw });
const first = (raw: Uint8Array): number => raw[0]!;

test("a file that many searches need is fetched and parsed once", async () => {
  const shelf = new Shelf();
  const loader = new Loader(shelf);
  let parsed = 0;
  const parse = (raw: Uint8Array): number => (parsed++, raw[0]!);
  const needs = Array.from({ length: 20 }, () => new Need(undefined));
  equal(await Promise.all(needs.map((need) => loader.load(file(7), parse, need))), needs.map(() => 7), "values");
  equal(await loader.load(file(7), parse, needs[0]!), 7, "from memory");
  equal([shelf.asked.length, parsed], [1, 1], "fetched and parsed");
  equal(needs[0]!.transferred, { files: 1, bytes: 30 }, "transferred");
});

test("six files are fetched at a time", async () => {
  const shelf = new Shelf(true);
  const loader = new Loader(shelf);
  const all = Promise.all(Array.from({ length: 20 }, (_, i) => loader.load(file(i), first, new Need(undefined))));
  await pause();
  equal(shelf.asked.length, 6, "asked at first");
  shelf.answer();
  equal((await all).length, 20, "answers");
  equal(shelf.most, 6, "at a time");
});

test("an ended search leaves the queue, and what it began is kept for the next", async () => {
  const shelf = new Shelf(true);
  const loader = new Loader(shelf);
  const ended = new AbortController();
  const loads = Array.from({ length: 10 }, (_, i) => loader.load(file(i), first, new Need(ended.signal)));
  const outcomes = Promise.allSettled(loads);
  await pause();
  ended.abort(new Error("typed on"));
  equal((await outcomes).map((outcome) => outcome.status === "rejected" && String(outcome.reason)), loads.map(() => "Error: typed on"), "outcomes");
  const next = loader.load(file(8), first, new Need(undefined)); // was waiting, is wanted again
  shelf.answer();
  equal(await next, 8, "wanted again");
  const again = new Need(undefined);
  equal(await Promise.all([0, 5].map((n) => loader.load(file(n), first, again))), [0, 5], "kept");
  equal(shelf.asked, ["0", "1", "2", "3", "4", "5", "8"], "asked");
  equal(again.transferred.files, 0, "fetched again");
  await fails(loader.load(file(1), first, new Need(ended.signal)), "typed on");
});

test("the files used last stay in memory, up to its size", async () => {
  const shelf = new Shelf();
  const loader = new Loader(shelf, 3500);
  const load = (n: number): Promise<number> => loader.load(file(n), first, new Need(undefined));
  for (const n of [1, 2, 3, 1, 4, 1, 3, 4, 2]) await load(n);
  equal(shelf.asked, ["1", "2", "3", "4", "2"], "asked");
});

test("a failed file is asked for again", async () => {
  const good = new Shelf();
  let failures = 1;
  const loader = new Loader({ get: (ref, signal) => (failures-- > 0 ? Promise.reject(new ContentError("no net", true)) : good.get(ref, signal)) });
  await fails(loader.load(file(1), first, new Need(undefined)), "no net");
  equal(await loader.load(file(1), first, new Need(undefined)), 1, "value");
});

test("files of another size than promised, or not gzip, are refused by name", async () => {
  const loader = new Loader(new Shelf());
  await fails(loader.load(file(1, 999), first, new Need(undefined)), "ContentError", "1.bin", "longer than the promised 999");
  await fails(loader.load(file(2, 1001), first, new Need(undefined)), "2.bin", "1000 instead of 1001 bytes", "effir index");
  await fails(loader.load(file(3, 1 << 27), first, new Need(undefined)), "3.bin", "more than gzip can give");
  const plain = new Loader({ get: () => Promise.resolve(new Uint8Array(1000)) });
  await fails(plain.load(file(4), first, new Need(undefined)), "4.bin", "is not gzip");
});

test("closing ends what is waited for", async () => {
  const shelf = new Shelf(true);
  const loader = new Loader(shelf);
  const loads = Promise.allSettled(Array.from({ length: 8 }, (_, i) => loader.load(file(i), first, new Need(undefined))));
  await pause();
  loader.close(new Error("closed"));
  shelf.answer();
  equal((await loads).map(({ status }) => status), Array(8).fill("rejected"), "outcomes");
  equal(shelf.asked.length, 6, "asked");
});

const MANIFEST = {
  format: "effir-site/1", pages: 3, passages: 5, languages: { en: 3 }, fusion: { keyword: 1, semantic: 0.02 },
  directory: { name: "0123456789abcdef0123456789abcdef", bytes: 90, raw: 100 }, later: "unknown",
};

test("index.json is read and checked", async () => {
  const parse = async (fields: object): Promise<unknown> => parseSiteManifest(new TextEncoder().encode(JSON.stringify({ ...MANIFEST, ...fields })));
  const good = parseSiteManifest(new TextEncoder().encode(JSON.stringify(MANIFEST)));
  equal([good.pages, good.fusion.semantic, good.filters.size, good.vectors], [3, Math.fround(0.02), 0, undefined], "manifest");
  await fails(parse({ format: "effir-index/2" }), "format is not effir-site/1");
  await fails(parse({ pages: -1 }), "pages is missing or wrong");
  await fails(parse({ directory: { ...MANIFEST.directory, name: "../../secret" } }), "directory.name");
  await fails(parse({ directory: { ...MANIFEST.directory, raw: 1e12 } }), "directory.raw");
  await fails(parse({ filters: { tag: {} } }), "filters.tag.name");
  await fails(parse({ vectors: { ...MANIFEST.directory, model: "x", dims: 2, clusters: 1 } }), "vectors.model");
  await fails(parse({ fusion: { keyword: 0, semantic: 0 } }), "fusion");
  await fails((async () => parseSiteManifest(new TextEncoder().encode("<!doctype html>")))(), "index.json is not JSON");
});

test("highlights count in UTF-16 units", () => {
  const text = "🙂 Ärger mit http.Client, 🙂 ärgerlich";
  const found = highlighter("arger client")(text).map(([start, end]) => text.slice(start, end));
  equal(found, ["Ärger", "Client"], "found");
});

test("documents are divided at headings, paragraphs, sentences and words", () => {
  equal(divide("plain"), [{ heading: "", text: "plain" }], "short");
  equal(divide(" \n\n "), [{ heading: "", text: "" }], "empty");
  equal(
    divide("Intro.\r\n\r\n# One #\ntext\n```\n# no heading\n```\n## Two\n\na\n\nb"),
    [
      { heading: "", text: "Intro." },
      { heading: "One", text: "text\n```\n# no heading\n```" },
      { heading: "Two", text: "a\n\nb" },
    ],
    "headings",
  );
  const long = ["A sentence of some words. ".repeat(100), "word ".repeat(500), "x".repeat(2500), "漢字".repeat(600), "🙂".repeat(700)];
  for (const text of long) {
    const parts = divide(text);
    equal(parts.map((part) => part.text).join("").replace(/\s/g, ""), text.replace(/\s/g, ""), "nothing is lost");
    if (parts.length < 2 || parts.some((part) => part.text.length > 1000 || /^[\udc00-\udfff]/.test(part.text))) throw new Error(`parts of ${text.slice(0, 9)}: ${parts.map((part) => part.text.length)}`);
  }
  equal(divide(long[0]!)[0]!.text.slice(-6), "words.", "the end of a sentence");
});

test("a document in memory is found by its parts and replaced by its id", () => {
  const index = new MemoryIndex();
  index.add([
    { id: "a", title: "Plumbing", text: "# Leaks\nCall the plumber.\n\n# Drains\nUse a plunger.", url: "notes/a", meta: { by: "Ann" } },
    { id: "b", text: "A letter about the leaking tap" },
  ]);
  const [hit, other] = index.search({ text: "leak" });
  equal([hit!.id, hit!.url, hit!.meta, hit!.passages.map((p) => p.heading), other!.id], ["a", "notes/a", { by: "Ann" }, ["Leaks"], "b"], "hits");
  equal(index.pending(10).map(textOf), ["Plumbing\nLeaks\nCall the plumber.", "Plumbing\nDrains\nUse a plunger.", "A letter about the leaking tap"], "to embed");
  index.add([{ id: "a", text: "nothing of the kind" }]);
  equal([index.size, index.search({ text: "plumb" }).length, index.search({ text: "kind" })[0]!.id], [2, 0, "a"], "replaced");
  const held = index.pending(1)[0]!;
  index.remove(["b", "no such id"]);
  index.setVector(held, Float32Array.of(1, 0)); // embedded too late
  equal([index.size, index.counts, index.search({ text: "letter" })], [1, { passages: 1, embedded: 0 }, []], "removed");
});

test("meaning finds documents in memory that share no word with the query", () => {
  const index = new MemoryIndex();
  index.add(Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, text: `document ${i}` })));
  for (const passage of index.pending(Infinity)) {
    const angle = (Number(passage.document.id) / 40) * Math.PI;
    index.setVector(passage, Float32Array.of(Math.cos(angle), Math.sin(angle)));
  }
  const vector = Float32Array.of(Math.cos(Math.PI / 4), Math.sin(Math.PI / 4));
  equal(index.search({ text: "", vector, limit: 3 }).map((hit) => hit.id), ["10", "9", "11"], "nearest");
  equal(index.search({ text: "document 39", vector, limit: 1 })[0]!.id, "39", "keywords count more");
  let refused = "";
  try {
    index.search({ text: "", vector: Float32Array.of(1, 0, 0) });
  } catch (thrown) {
    refused = String(thrown);
  }
  if (!refused.includes("3 numbers, the index 2")) throw new Error(`a vector of another model: ${refused}`);
});

test("a stored index that is damaged is refused", () => {
  const index = new MemoryIndex();
  index.add([{ id: "a", title: "One", text: "some text", meta: { k: "v" } }, { id: "ü", text: "more text of it" }]);
  for (const passage of index.pending(9)) index.setVector(passage, Float32Array.of(0.6, 0.8));
  const bytes = index.serialise();
  equal(MemoryIndex.restore(bytes).search({ text: "text" }), index.search({ text: "text" }), "restored");
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const change of [bytes.slice(0, at), Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 0x81 : byte))]) {
      try {
        MemoryIndex.restore(change).search({ text: "text", vector: Float32Array.of(1, 0) });
      } catch (thrown) {
        if (!(thrown instanceof ContentError)) throw thrown;
        refused++;
      }
    }
  }
  if (refused < bytes.length) throw new Error(`only ${refused} of ${2 * bytes.length} damaged forms were refused`);
});
