import { Store, type FileRef } from "../src/content.ts";
import { atOnce } from "../src/lanes.ts";
import { files, folder, requests } from "./fixtures.ts";
import { equal, fails, test } from "./harness.ts";

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}

test("a file arrives whole and is cached", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("good");
  const store = await Store.open(at);
  const first = await store.get(file);
  equal(await hash(first), file.name, "hash");
  await store.write(store.url(file), first); // as get has begun to
  let cached = 0;
  const bytes = await (await Store.open(at)).get(file, { onBytes: (delta, from) => (cached += from ? delta : 0) });
  equal(await hash(bytes), file.name, "hash from the cache");
  equal(cached, file.bytes, "bytes said to come from the cache");
  equal(await requests(at, file), 1, "requests");
});

test("wrong bytes are fetched once more", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("wrong-once");
  let received = 0;
  const bytes = await (await Store.open(at)).get(file, { onBytes: (delta) => (received += delta) });
  equal(await hash(bytes), file.name, "hash");
  equal(received, file.bytes, "progress after starting over");
  equal(await requests(at, file), 2, "requests");
});

test("a broken connection is tried once more", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("broken-once");
  equal(await hash(await (await Store.open(at)).get(file)), file.name, "hash");
});

test("bytes that stay wrong are refused and not cached", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("wrong");
  const store = await Store.open(at);
  let received = 0;
  await fails(store.get(file, { onBytes: (delta) => (received += delta) }), file.name, "does not have the content", "upload the folder again");
  equal(received, 0, "progress after giving up");
  equal(await requests(at, file), 2, "requests");
  await fails(store.get(file), "does not have the content");
  equal(await requests(at, file), 4, "requests of a second try");
});

test("a cut file is refused", async () => {
  const [file] = (await files()) as [FileRef];
  await fails((await Store.open(folder("cut"))).get(file), file.name, "was cut");
});

test("a file that is too long is refused before it is read to its end", async () => {
  const [file] = (await files()) as [FileRef];
  let most = 0;
  let received = 0;
  const onBytes = (delta: number): void => {
    received += delta;
    most = Math.max(most, received);
  };
  await fails((await Store.open(folder("long"))).get(file, { onBytes }), "longer than the");
  if (most > file.bytes + (4 << 20)) throw new Error(`${most} bytes were read for a file of ${file.bytes}`);
});

test("a missing file is asked for once", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("missing");
  await fails((await Store.open(at)).get(file), file.name, "404", "missing on the server");
  equal(await requests(at, file), 1, "requests");
});

test("a damaged cache entry is replaced", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("good");
  const store = await Store.open(at);
  await store.write(store.url(file), await store.get(file));
  const cache = await caches.open(`effir ${at.href}`);
  await cache.put(new URL(`${file.name}.bin`, at), new Response(new Uint8Array(file.bytes)));
  equal(await hash(await store.get(file)), file.name, "hash");
  equal(await requests(at, file), 2, "requests");
});

test("the beginning of a hash is a name, too", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("good");
  equal((await (await Store.open(at)).get({ ...file, name: file.name.slice(0, 32) })).length, file.bytes, "bytes");
});

test("an interrupted download goes on where it was", async () => {
  const all = await files();
  const at = folder("good");
  const stop = new AbortController();
  let taken = 0;
  const store = await Store.open(at);
  const first = atOnce(4, all, stop.signal, async (file, signal) => {
    await store.get(file, { signal });
    if (++taken === 3) stop.abort();
  });
  await fails(first, "AbortError");
  const before = await Promise.all(all.map((file) => requests(at, file)));
  if (before.every((count) => count > 0)) throw new Error("the abort came too late to test anything");

  let cached = 0;
  let total = 0;
  const onBytes = (delta: number, from: boolean): void => {
    total += delta;
    if (from) cached += delta;
  };
  const again = await Store.open(at);
  await atOnce(4, all, new AbortController().signal, async (file, signal) => void (await again.get(file, { onBytes, signal })));
  equal(total, all.reduce((sum, file) => sum + file.bytes, 0), "bytes in all");
  const threeSmallest = all.map((file) => file.bytes).sort((a, b) => a - b).slice(0, 3);
  if (cached < threeSmallest.reduce((a, b) => a + b)) throw new Error(`only ${cached} bytes came from the cache`);
});

test("one failing job ends all others", async () => {
  let ended = 0;
  const hang = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => (ended++, reject(signal.reason as Error))));
  const jobs = atOnce(3, [0, 1, 2, 3, 4], new AbortController().signal, (n, signal) => (n === 1 ? Promise.reject(new Error("the second")) : hang(signal)));
  await fails(jobs, "the second");
  equal(ended, 2, "jobs that were ended");
});

test("a signal ends a fetch that hangs", async () => {
  const [file] = (await files()) as [FileRef];
  const stop = new AbortController();
  const hanging = (await Store.open(folder("stuck"))).get(file, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await fails(hanging, "AbortError");
});

test("prune keeps what is named, and what has no name", async () => {
  const [keep, drop] = (await files()) as [FileRef, FileRef];
  const at = folder("good");
  const store = await Store.open(at);
  for (const file of [keep, drop]) await store.write(store.url(file), await store.get(file));
  const part = store.url(drop, "?bytes=0-9");
  const named = new URL("index.json", at).href;
  await store.write(part, new Uint8Array(10));
  await store.write(named, new Uint8Array(10));
  await store.prune([keep.name]);
  const left = await Promise.all([store.url(keep), store.url(drop), part, named].map(async (url) => (await store.read(url))?.length));
  equal(left, [keep.bytes, null, null, 10].map((n) => n ?? undefined), "bytes left");
});

test("a manifest that is an endless page is refused", async () => {
  const store = await Store.open(new URL("/fixtures/endless/", location.href));
  await fails(store.named("model.json", (bytes) => bytes), "model.json", "longer than");
});
