/** createIndex() in the browser's real storage, with the real tiny model. */
import { createIndex } from "../src/index.ts";
import type { LocalDocument, LocalIndex, LocalIndexOptions, Results, SearchOptions } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";
import { mend, place, requests, spoil } from "./place.ts";

/** Not every engine has the origin-private file system. */
const hasFiles = "getDirectory" in (navigator.storage ?? {});

let indexes = 0;
const fresh = (): string => `notes ${Date.now().toString(36)} ${++indexes}`;

const notes: LocalDocument[] = [
  { id: "plumber", title: "Call the plumber", text: "The kitchen tap leaks, and water drips on the floor.", url: "note:1", meta: { folder: "home" } },
  { id: "tax", title: "Tax return", text: "Collect invoices until the end of May.\n\n# Office\n\nThe desk and the chair count, too." },
  { id: "ünï/🙂", text: "Grüße aus Köln, mit 世界 darin." },
];

async function opened(run: (index: LocalIndex, name: string) => Promise<void>, options: LocalIndexOptions = {}, name = fresh()): Promise<void> {
  const index = await createIndex(name, { runtime: "/", model: place().model, ...options });
  try {
    await run(index, name);
  } finally {
    index.close();
    await mend();
  }
}

async function all(results: AsyncIterable<Results>): Promise<Results[]> {
  const list: Results[] = [];
  for await (const found of results) list.push(found);
  return list;
}

const found = async (index: LocalIndex, query: string, options?: SearchOptions): Promise<string> =>
  (await all(index.search(query, options))).map(({ mode, hits }) => `${mode} ${hits.map(({ id }) => id).join("+")}`).join(", ");

const many = (n: number, text = "passage about something"): LocalDocument[] =>
  Array.from({ length: n }, (_, i) => ({ id: `many ${i}`, title: `Document ${i}`, text: `${text} ${i} ${"and more words ".repeat(20)}` }));

test("documents are found by words and by meaning, and survive", async () => {
  const name = fresh();
  let before = "";
  await opened(async (index) => {
    equal([index.storage, index.size, index.status.index.stage], [hasFiles ? "opfs" : "indexeddb", 0, "ready"], "a new index");
    const progress: string[] = [];
    await index.add(notes, { onProgress: ({ stored, total, embedded, passages }) => progress.push(`${stored}/${total} ${embedded}/${passages}`) });
    equal([progress[0], progress.at(-1)], ["3/3 0/0", "3/3 4/4"], "progress");
    equal([index.size, index.status.index.passages, index.status.index.meaning], [3, 4, true], "sizes");
    equal(await found(index, "leaking tap", { mode: "keyword" }), "keyword plumber", "hits");
    equal((await found(index, "invoices")).startsWith("keyword tax, fused tax"), true, "hits by both");
    const [{ hits: [hit] }] = (await all(index.search("chair", { mode: "keyword" }))) as [Results];
    equal([hit!.id, hit!.title, hit!.passages[0]!.heading], ["tax", "Tax return", "Office"], "a hit");
    const [{ hits: [other] }] = (await all(index.search("kitchen", { mode: "keyword" }))) as [Results];
    equal([other!.url, other!.meta, other!.passages[0]!.highlights], ["note:1", { folder: "home" }, [[4, 11]]], "a hit with a place");
    before = JSON.stringify((await all(index.search("water damage"))).map(({ hits }) => hits));
  }, {}, name);
  await opened(async (index) => {
    equal([index.size, index.status.index.passages, index.status.index.meaning], [3, 4, true], "sizes after a reload");
    equal(JSON.stringify((await all(index.search("water damage"))).map(({ hits }) => hits)), before, "hits after a reload");
    equal(await index.documents(), [{ id: "plumber", title: "Call the plumber" }, { id: "tax", title: "Tax return" }, { id: "ünï/🙂", title: "" }], "documents");
  }, {}, name);
});

test("documents are replaced, removed and cleared for good", async () => {
  const name = fresh();
  await opened(async (index) => {
    await index.add(notes);
    await index.add([{ id: "tax", title: "Tax", text: "Done in March." }]);
    await index.remove(["plumber", "nobody"]);
    equal([index.size, await found(index, "invoices", { mode: "keyword" }), await found(index, "march", { mode: "keyword" })], [2, "keyword ", "keyword tax"], "hits");
  }, {}, name);
  await opened(async (index) => {
    equal([index.size, await found(index, "march", { mode: "keyword" }), await found(index, "kitchen", { mode: "keyword" })], [2, "keyword tax", "keyword "], "hits after a reload");
    await index.clear();
    equal([index.size, index.status.index.passages], [0, 0], "sizes");
  }, {}, name);
  await opened(async (index) => equal(index.size, 0, "size after a reload"), {}, name);
});

test("two tabs share an index", async () => {
  const name = fresh();
  await opened(async (first) => {
    await opened(async (second) => {
      await Promise.all([first.add(many(8, "first tab")), second.add(notes)]);
      await second.remove(["tax"]);
      for (const index of [first, second]) {
        for (let tries = 0; tries < 100 && index.size !== 10; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
        equal([index.size, await found(index, "kitchen tap", { mode: "keyword" })], [10, "keyword plumber"], "what a tab sees");
        await index.add([]);
        equal(index.status.index.passages, 10, "passages");
      }
      await first.clear();
      for (let tries = 0; tries < 100 && second.size !== 0; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
      equal(second.size, 0, "size after the other tab cleared");
    }, {}, name);
  }, {}, name);
});

test("an add that is cancelled keeps what it has stored", async () => {
  const name = fresh();
  await opened(async (index) => {
    const stop = new AbortController();
    const adding = index.add(many(60), { signal: stop.signal, onProgress: ({ embedded }) => embedded >= 5 && stop.abort(new Error("enough")) });
    await fails(adding, "enough");
    equal(index.size, 60, "documents");
    while (!index.status.index.meaning) await new Promise((resolve) => setTimeout(resolve, 5)); // what was embedded is stored
  }, {}, name);
  await opened(async (index) => {
    equal([index.size, index.status.index.meaning], [60, true], "documents after a reload");
    let first: number | undefined;
    await index.add([], { onProgress: ({ passages }) => (first ??= passages) });
    if (first === undefined || first > 56) throw new Error(`${first} passages were embedded again`);
  }, {}, name);
});

test("long logs are written anew", async () => {
  const name = fresh();
  await opened(async (index) => {
    for (const document of many(70)) await index.add([document]);
    await index.remove(["many 3", "many 4"]);
  }, { meaning: "never" }, name);
  for (let visit = 0; visit < 2; visit++) {
    await opened(async (index) => {
      equal([index.size, (await index.documents()).length], [68, 68], "documents");
      equal(await found(index, "something 69", { limit: 1 }), "keyword many 69", "hits");
    }, { meaning: "never" }, name);
  }
  if (!hasFiles) return;
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("effir");
  const folder = (await root.getDirectoryHandle(`index ${encodeURIComponent(name)}`)) as FileSystemDirectoryHandle & { keys(): AsyncIterable<string> };
  const files: string[] = [];
  for await (const file of folder.keys()) files.push(file);
  if (files.length > 4) throw new Error(`there are ${files.length} files`);
});

test("a file that a crash left half written is passed over", async () => {
  if (!hasFiles) return;
  const name = fresh();
  await opened(async (index) => {
    await index.add([notes[0]!]);
    await index.add([notes[1]!]);
  }, { meaning: "never" }, name);
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("effir");
  const folder = await root.getDirectoryHandle(`index ${encodeURIComponent(name)}`);
  const writable = await (await folder.getFileHandle("00000002.docs")).createWritable();
  await writable.write('{"format":"effir-local/1","removed":[],"docu');
  await writable.close();
  await opened(async (index) => {
    equal((await index.documents()).map(({ id }) => id), ["plumber"], "documents");
    await index.add([notes[2]!]);
    equal(index.size, 2, "documents after another add");
  }, { meaning: "never" }, name);
});

test("what cannot be a document is refused by name", () =>
  opened(async (index) => {
    const bad: [field: string, document: unknown][] = [
      ["id", { id: "", text: "x" }],
      ["id", { id: 7, text: "x" }],
      ["text", { id: "a", text: undefined }],
      ["text", { id: "a", text: "x".repeat((1 << 24) + 1) }],
      ["title", { id: "a", text: "x", title: 7 }],
      ["meta", { id: "a", text: "x", meta: { key: 7 } }],
    ];
    for (const [field, document] of bad) await fails(index.add([notes[0]!, document as LocalDocument]), "document 1", field);
    await fails(all(index.search("x", { filters: { a: "b" } })), "no filters");
    await fails(all(index.search("x", { sort: { by: "b" } })), "no sort keys");
    equal(index.size, 0, "documents");
    await index.add([{ id: "empty", text: "" }, { id: "controls", text: "\u0000\u0001 \u200b" }, ...notes]);
    equal(index.size, 5, "documents");
  }));

test("names are checked", async () => {
  for (const name of ["", "a/b", "..\\x", "x".repeat(101)]) await fails(createIndex(name), "cannot be the name");
});

test("without a model documents are found by words", () =>
  opened(async (index) => {
    await spoil("/t/", "missing");
    await index.add(notes);
    equal([await found(index, "kitchen"), index.status.model.stage], ["keyword plumber", "failed"], "hits");
    await mend();
    await index.loadMeaning();
    await index.add([]);
    equal((await found(index, "kitchen")).startsWith("keyword plumber, fused "), true, "hits once there is one");
  }));

test("nothing but the model is asked of the network", () =>
  opened(async (index) => {
    const before = (await requests("/")).length;
    await index.add(notes);
    const paths = (await requests("/")).slice(before).map(({ path }) => path);
    const odd = paths.filter((path) => !/^\/(guest|kernels_\w+)\.wasm$|^\/t\/[^/]+\/model\/|^\/log$/.test(path));
    equal(odd, [], "requests");
  }));
