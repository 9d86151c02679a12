import { Store, getAll, type FileRef } from "../src/content.ts";
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
  equal(await hash(await store.get(file)), file.sha256, "hash");
  let cached = 0;
  const bytes = await (await Store.open(at)).get(file, { onBytes: (delta, from) => (cached += from ? delta : 0) });
  equal(await hash(bytes), file.sha256, "hash from the cache");
  equal(cached, file.bytes, "bytes said to come from the cache");
  equal(await requests(at, file), 1, "requests");
});

test("wrong bytes are fetched once more", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("wrong-once");
  let received = 0;
  const bytes = await (await Store.open(at)).get(file, { onBytes: (delta) => (received += delta) });
  equal(await hash(bytes), file.sha256, "hash");
  equal(received, file.bytes, "progress after starting over");
  equal(await requests(at, file), 2, "requests");
});

test("a broken connection is tried once more", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("broken-once");
  equal(await hash(await (await Store.open(at)).get(file)), file.sha256, "hash");
});

test("bytes that stay wrong are refused and not cached", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("wrong");
  const store = await Store.open(at);
  let received = 0;
  await fails(store.get(file, { onBytes: (delta) => (received += delta) }), file.sha256, "does not have the content", "upload the folder again");
  equal(received, 0, "progress after giving up");
  equal(await requests(at, file), 2, "requests");
  await fails(store.get(file), "does not have the content");
  equal(await requests(at, file), 4, "requests of a second try");
});

test("a cut file is refused", async () => {
  const [file] = (await files()) as [FileRef];
  await fails((await Store.open(folder("cut"))).get(file), file.sha256, "was cut");
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
  await fails((await Store.open(at)).get(file), file.sha256, "404", "missing on the server");
  equal(await requests(at, file), 1, "requests");
});

test("a damaged cache entry is replaced", async () => {
  const [file] = (await files()) as [FileRef];
  const at = folder("good");
  const store = await Store.open(at);
  await store.get(file);
  const cache = await caches.open(`effir ${at.href}`);
  await cache.put(new URL(`${file.sha256}.bin`, at), new Response(new Uint8Array(file.bytes)));
  equal(await hash(await store.get(file)), file.sha256, "hash");
  equal(await requests(at, file), 2, "requests");
});

test("an interrupted download goes on where it was", async () => {
  const all = await files();
  const at = folder("good");
  const stop = new AbortController();
  let taken = 0;
  const first = getAll(await Store.open(at), all, () => {
    if (++taken === 3) stop.abort();
  }, { signal: stop.signal });
  await fails(first, "AbortError");
  const before = await Promise.all(all.map((file) => requests(at, file)));
  if (before.every((count) => count > 0)) throw new Error("the abort came too late to test anything");

  let cached = 0;
  let total = 0;
  const seen = new Set<number>();
  const onBytes = (delta: number, from: boolean): void => {
    total += delta;
    if (from) cached += delta;
  };
  await getAll(await Store.open(at), all, (i) => seen.add(i), { onBytes });
  equal(seen.size, all.length, "files taken");
  equal(total, all.reduce((sum, file) => sum + file.bytes, 0), "bytes in all");
  const threeSmallest = all.map((file) => file.bytes).sort((a, b) => a - b).slice(0, 3);
  if (cached < threeSmallest.reduce((a, b) => a + b)) throw new Error(`only ${cached} bytes came from the cache`);
});

test("one failing file ends the download of all", async () => {
  const all = await files();
  const bad = { sha256: "0".repeat(64), bytes: 5 };
  const at = folder("good");
  await fails(getAll(await Store.open(at), [bad, ...all], () => {}), bad.sha256, "404");
});

test("a signal ends a fetch that hangs", async () => {
  const [file] = (await files()) as [FileRef];
  const stop = new AbortController();
  const hanging = (await Store.open(folder("stuck"))).get(file, { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await fails(hanging, "AbortError");
});

test("prune keeps what is named", async () => {
  const [keep, drop] = (await files()) as [FileRef, FileRef];
  const at = folder("good");
  const store = await Store.open(at);
  await store.get(keep);
  await store.get(drop);
  await store.prune([keep]);
  await store.get(keep);
  await store.get(drop);
  equal([await requests(at, keep), await requests(at, drop)], [1, 2], "requests");
});

test("a manifest that is an endless page is refused", async () => {
  const store = await Store.open(new URL("/fixtures/endless/", location.href));
  await fails(store.manifest("model.json"), "model.json", "longer than");
});
