/** The weights image under all that happens on a network, with the released model of 14 MB. */
import { Store, sha256 } from "../src/content.ts";
import { parseModel, parsePages, type ModelManifest, type PageHashes } from "../src/manifest.ts";
import { Runtime } from "../src/runtime.ts";
import { Weights } from "../src/weights.ts";
import { equal, fails, test } from "./harness.ts";
import { bytesOf, mend, place, requests, spoil, type Manner } from "./place.ts";

interface Package {
  folder: string;
  store: Store;
  manifest: ModelManifest;
  pages: PageHashes | undefined;
}

async function open(folder: string): Promise<Package> {
  const store = await Store.open(new URL(folder, location.href));
  const text = await store.named("model.json", (bytes) => bytes);
  const manifest = parseModel(text);
  const model = await sha256(text);
  return { folder, store, manifest, pages: await store.named("pages.json", (bytes) => parsePages(bytes, model, manifest.weights.chunks)) };
}

/** weightsOf makes an empty image in the page's memory. */
function weightsOf({ store, manifest, pages }: Package): { weights: Weights; image: Uint8Array<ArrayBuffer> } {
  const image = new Uint8Array(manifest.weights.bytes);
  const memory = {
    write: (offset: number, bytes: Uint8Array) => image.set(bytes, offset),
    view: (offset: number, bytes: number) => image.subarray(offset, offset + bytes),
  };
  return { weights: new Weights(store, manifest.weights.chunks, pages, Promise.resolve(memory), () => {}), image };
}

const whole = ({ manifest }: Package) => [{ offset: 0, bytes: manifest.weights.bytes }];
const chunk = ({ store, manifest }: Package, n: number): string => new URL(store.url(manifest.weights.chunks[n]!)).pathname;
const never = new AbortController().signal;

/** check compares all chunks of an image with their names. */
async function check({ manifest }: Package, image: Uint8Array<ArrayBuffer>): Promise<void> {
  let at = 0;
  for (const { name, bytes } of manifest.weights.chunks) {
    equal(await sha256(image.slice(at, at + bytes)), name, "hash of a chunk");
    at += bytes;
  }
}

test("an image arrives whole, is kept, and comes from the cache", async () => {
  const pack = await open(place().big);
  const first = weightsOf(pack);
  await first.weights.load(whole(pack), never);
  await check(pack, first.image);
  equal([first.weights.loaded, first.weights.cached, first.weights.arriving], [pack.manifest.weights.bytes, 0, 0], "bytes");

  const asked = (await requests(pack.folder)).length;
  const second = weightsOf(await open(pack.folder));
  await second.weights.load(whole(pack), never);
  await check(pack, second.image);
  equal(second.weights.cached, pack.manifest.weights.bytes, "bytes from the cache");
  equal((await requests(pack.folder)).length - asked, 2, "requests of a second visit, the manifests aside");
});

test("a connection cut in mid-chunk is taken up where it broke", async () => {
  const pack = await open(place().big);
  await spoil(chunk(pack, 0), "cut", 2);
  const { weights, image } = weightsOf(pack);
  await weights.load(whole(pack), never);
  await mend();
  await check(pack, image);
  const list = await requests(chunk(pack, 0));
  equal(list.length, 3, "requests");
  const starts = list.map(({ range }) => Number(/^bytes=(\d+)/.exec(range)?.[1] ?? 0));
  for (let i = 1; i < starts.length; i++) if (starts[i]! <= starts[i - 1]! || starts[i]! % 65536 !== 0) throw new Error(`parts were asked for from ${starts.join(", ")}`);
});

for (const [manner, times, part] of [["wrong", 1, "once"], ["whole", 0, "always"], ["slow", 0, "always"], ["broken", 1, "once"], ["offline", 1, "once"]] as [Manner, number, string][]) {
  test(`an image arrives although the server is ${manner} ${part}`, async () => {
    const pack = await open(place().big);
    await spoil(pack.folder, manner, times);
    const { weights, image } = weightsOf(pack);
    await weights.load(whole(pack), never);
    await mend();
    await check(pack, image);
    equal(weights.loaded, pack.manifest.weights.bytes, "bytes");
  });
}

test("what stays wrong, missing or broken is refused by name, and the rest is kept", async () => {
  for (const [manner, part] of [["wrong", "does not have the content"], ["missing", "404"], ["broken", "500"], ["offline", "could not be fetched"]] as [Manner, string][]) {
    const pack = await open(place().big);
    await spoil(chunk(pack, 2), manner);
    const { weights } = weightsOf(pack);
    await fails(weights.load(whole(pack), never), pack.manifest.weights.chunks[2]!.name, part);
    await mend();
    const again = weightsOf(pack);
    await again.weights.load(whole(pack), never);
    await check(pack, again.image);
    // A file that is missing ends the others at once.
    if (again.weights.cached === 0 && manner !== "missing") throw new Error(`${manner}: nothing was kept of the other chunks`);
  }
});

test("a load that is cancelled in mid-chunk goes on from its pages", async () => {
  const pack = await open(place().big);
  await spoil(pack.folder, "slow");
  const stop = new AbortController();
  const first = weightsOf(pack);
  setTimeout(() => stop.abort(), 400);
  await fails(first.weights.load(whole(pack), stop.signal), "AbortError");
  await mend();
  const had = first.weights.loaded;
  if (had === 0 || had === pack.manifest.weights.bytes) throw new Error(`${had} bytes had come before the end: nothing is tested`);
  const before = await requests(pack.folder);
  const second = weightsOf(pack);
  await second.weights.load(whole(pack), never);
  await check(pack, second.image);
  equal(second.weights.cached, had, "bytes kept of the first attempt");
  const asked = bytesOf((await requests(pack.folder)).slice(before.length));
  if (asked > pack.manifest.weights.bytes - had) throw new Error(`${asked} bytes were asked for, ${pack.manifest.weights.bytes - had} were missing`);
});

test("without pages.json chunks come whole", async () => {
  const pack = { ...(await open(place().big)), pages: undefined };
  const { weights, image } = weightsOf(pack);
  await spoil(chunk(pack, 1), "cut", 1);
  await weights.load(whole(pack), never);
  await mend();
  await check(pack, image);
  // What was kept chunk by chunk serves a visit that knows pages, and the other way round.
  const paged = weightsOf(await open(pack.folder));
  await paged.weights.load(whole(pack), never);
  equal(paged.weights.cached, pack.manifest.weights.bytes, "bytes from the cache by pages");
});

test("entries that the browser evicted or damaged are fetched again", async () => {
  const pack = await open(place().big);
  const first = weightsOf(pack);
  await first.weights.load(whole(pack), never);
  const cache = await caches.open(`effir ${pack.store.folder.href}`);
  const kept = (await cache.keys()).filter(({ url }) => url.includes("?bytes="));
  if (kept.length < 4) throw new Error(`only ${kept.length} entries were kept`);
  await cache.delete(kept[0]!);
  const [, start, last] = /bytes=(\d+)-(\d+)/.exec(kept[1]!.url)!.map(Number);
  await cache.put(kept[1]!, new Response(new Uint8Array(last! + 1 - start!)));
  await cache.put(kept[2]!, new Response(new Uint8Array(7)));
  const second = weightsOf(pack);
  await second.weights.load(whole(pack), never);
  await check(pack, second.image);
  if (second.weights.cached === 0 || second.weights.cached >= pack.manifest.weights.bytes) throw new Error(`${second.weights.cached} bytes came from the cache`);
});

test("two tabs download a model once", async () => {
  const pack = await open(place().big);
  const tabs = [weightsOf(pack), weightsOf(await open(pack.folder))];
  await spoil(pack.folder, "slow");
  await Promise.all(tabs.map(({ weights }) => weights.load(whole(pack), never)));
  await mend();
  for (const { image } of tabs) await check(pack, image);
  const bins = (await requests(pack.folder)).filter(({ path }) => path.endsWith(".bin"));
  equal(bins.length, pack.manifest.weights.chunks.length, "requests of both");
});

test("pages that hash to what pages.json says, but not to the chunk's name, are refused", async () => {
  const pack = await open(place().big);
  const chunks = pack.manifest.weights.chunks.map((file, i) => (i === 0 ? { ...file, name: "0".repeat(64) } : file));
  const served = { ...pack.store, url: (file: { name: string; bytes: number }, query = "") => pack.store.url(file.name.startsWith("000") ? pack.manifest.weights.chunks[0]! : file, query) };
  const store = Object.setPrototypeOf(served, Store.prototype) as Store;
  const { weights } = weightsOf({ ...pack, store, manifest: { ...pack.manifest, weights: { ...pack.manifest.weights, chunks } } });
  await fails(weights.load(whole(pack), never), "does not have the content");
});

test("the rows that a text reads give the bits of the whole table", async () => {
  const pack = await open(place().big);
  const { manifest, store } = pack;
  const runtime = await Runtime.load(new URL("/", location.href), "auto");
  const words = await store.get(manifest.tokenizer);
  const model = await store.named("model.json", (bytes) => bytes);
  const load = async () => {
    const guest = await runtime.start();
    const start = guest.model(model);
    const memory = {
      write: (offset: number, bytes: Uint8Array) => guest.writeWeights(start + offset, bytes),
      view: (offset: number, bytes: number) => guest.viewWeights(start + offset, bytes),
    };
    guest.tokenizer(words);
    return { guest, weights: new Weights(store, manifest.weights.chunks, pack.pages, Promise.resolve(memory), () => {}) };
  };
  const { table } = manifest;
  const end = table.offset + table.bytes;
  const rest = [{ offset: 0, bytes: table.offset }, { offset: end, bytes: manifest.weights.bytes - end }];

  const some = await load();
  await some.weights.load(rest, never);
  const basics = some.weights.loaded;
  const texts = ["how do I cancel a request?", "grüße", "wait for all goroutines to finish", "x"];
  const early: Float32Array[] = [];
  for (const [i, text] of texts.entries()) {
    const { rows, table: whole, tokens } = some.guest.reads(text, "query");
    equal(whole, table, "the table");
    if (tokens < 1 || rows.length === 0) throw new Error(`${text}: ${tokens} tokens read ${rows.length} ranges`);
    await some.weights.need(rows, never);
    early.push(some.guest.embed(text, "query"));
    // The first query costs at most a page for each token, and two for the ends.
    if (i === 0 && some.weights.loaded - basics > (tokens + 2) * 65536) throw new Error(`${some.weights.loaded - basics} bytes were fetched for ${tokens} tokens`);
  }
  if (some.weights.has([table])) throw new Error("the whole table was fetched: nothing is tested");

  const all = await load();
  await all.weights.load(whole(pack), never);
  texts.forEach((text, i) => equal([...all.guest.embed(text, "query")], [...early[i]!], text));
});
