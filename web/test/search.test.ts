/** open() and what it returns: the real worker, guest, tiny model and index. */
import { open } from "../src/index.ts";
import { hasRelaxedSimd } from "../src/kernels.ts";
import type { OpenOptions, Results, Search, SearchOptions, Status } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";
import { mend, place, requests, spoil, type Place } from "./place.ts";

const QUESTION = "cancel a request";

/** opened runs a test on an open search and closes it. */
async function opened(run: (search: Search, at: Place) => Promise<void>, options: OpenOptions = {}, at = place(), folder = at.index): Promise<void> {
  const search = await open(folder, { model: at.model, ...options });
  try {
    await run(search, at);
  } finally {
    search.close();
    await mend();
  }
}

async function all(results: AsyncIterable<Results>): Promise<Results[]> {
  const list: Results[] = [];
  for await (const found of results) list.push(found);
  return list;
}

const modes = (list: Results[]): string[] => list.map(({ mode, final }) => mode + (final ? " final" : ""));
const ask = async (search: Search, query = QUESTION, options?: SearchOptions): Promise<string[]> => modes(await all(search.search(query, options)));

/** visit searches, and stays until what came is kept. */
async function visit(search: Search, at: Place): Promise<void> {
  await all(search.search(QUESTION));
  for (const folder of [at.index, at.model]) {
    let asked: Set<string>;
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      asked = new Set((await requests(folder)).map(({ path }) => path));
    } while ((await caches.open(`effir ${new URL(folder, location.href).href}`).then((cache) => cache.keys())).length < asked.size);
  }
}

/** until waits for a status. */
function until(search: Search, holds: (status: Status) => boolean): Promise<Status> {
  return new Promise((resolve) => {
    const stop = search.onStatus((status) => {
      if (!holds(status)) return;
      setTimeout(() => stop());
      resolve(status);
    });
  });
}

/** withConnection runs a test with what the Network Information API says. */
async function withConnection(connection: object, run: () => Promise<void>): Promise<void> {
  Object.defineProperty(navigator, "connection", { value: connection, configurable: true });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(navigator, "connection");
  }
}

test("keyword results come first, and before any byte of guest or model is asked for", () =>
  opened(async (search, at) => {
    const { index, model } = search.status;
    equal([index.stage, index.pages, index.passages, index.languages, index.meaning], ["ready", 120, 240, { de: 60, en: 60 }, true], "index");
    equal([model.stage, model.loaded], ["waiting", 0], "model");
    const guests = (await requests("/guest.wasm")).length;
    const results = search.search(QUESTION)[Symbol.asyncIterator]();
    const { value: first } = (await results.next()) as { value: Results };
    equal(modes([first]), ["keyword"], "mode");
    const [hit] = first.hits;
    equal(first.hits.length, 10, "hits");
    equal(hit!.title.replace(/\d+/, "N"), "Cancel a request N", "title");
    equal(hit!.url, new URL(`../pages/${hit!.page}/`, new URL(at.index, location.href)).href, "URL");
    equal(hit!.passages[0]!.url, `${hit!.url}#part%20${hit!.passages[0]!.heading.slice(-1)}`, "URL of a passage");
    if (!hit!.passages[0]!.highlights.some(([from, to]) => hit!.passages[0]!.text.slice(from, to) === "request")) throw new Error("the word is not highlighted");
    if (first.transferred.files < 2 || first.timings.keyword === undefined || first.timings.embed !== undefined) throw new Error(JSON.stringify(first));
    const { value: second } = (await results.next()) as { value: Results };
    equal(modes([second]), ["fused final"], "mode");
    if (second.tokens < 3 || second.timings.embed === undefined || second.timings.scan === undefined) throw new Error(JSON.stringify({ ...second, hits: [] }));
    equal((await results.next()).done, true, "end");

    const { model: ready, kernels, memory } = search.status;
    equal([ready.stage, ready.name, kernels], ["ready", "tiny", hasRelaxedSimd() ? "relaxed" : "baseline"], "model");
    if (memory < 1 << 20) throw new Error(`${memory} bytes of memory`);
    const log = (await requests("/")).map(({ path }) => path);
    const firstShard = log.findIndex((path) => path.startsWith(at.index) && path.endsWith(".bin"));
    const firstModel = log.findIndex((path) => path.startsWith(at.model));
    const passages = log.slice(firstShard, firstModel).filter((path) => path.startsWith(at.index)).length;
    if (firstModel < firstShard || passages < first.transferred.files) throw new Error("the model was asked for before the keyword results had their files");
    equal((await requests("/guest.wasm")).length, guests + 1, "requests for the guest");
  }));

test("what was loaded is not fetched again", async () => {
  const at = place();
  await opened(visit, {}, at);
  const before = await requests(at.path);
  await opened(async (search) => equal(await ask(search), ["keyword", "fused final"], "modes"), {}, at);
  const after = (await requests(at.path)).slice(before.length).map(({ path }) => path.replace(at.path, ""));
  equal(after.sort(), ["index/index.json", "model/model.json", "model/pages.json"], "requests of a second visit");
});

test("modes are obeyed", () =>
  opened(async (search, at) => {
    equal(await ask(search, QUESTION, { mode: "keyword" }), ["keyword final"], "modes");
    equal(search.status.model.stage, "waiting", "model");
    equal(await ask(search, QUESTION, { mode: "fused" }), ["keyword", "fused final"], "modes");
    equal(await ask(search, QUESTION, { mode: "semantic" }), ["semantic final"], "modes");
    equal(await ask(search, "", {}), ["keyword final"], "modes of nothing");
    equal(await ask(search, "zzzzzz", { mode: "keyword", limit: 3 }), ["keyword final"], "modes of an unknown word");
    const [found] = await all(search.search(QUESTION, { mode: "semantic", limit: 3 }));
    equal([found!.hits.length, found!.hits[0]!.keywordRank, found!.hits[0]!.semanticRank], [3, 0, 1], "hits by meaning");
    equal(at.index === "", false, "place");
  }));

test("filters, sort keys, related pages", () =>
  opened(async (search) => {
    equal(await search.filters(), { section: [{ value: "guide", pages: 60 }, { value: "reference", pages: 60 }] }, "filters");
    const [found] = await all(search.search("sort a slice", { mode: "keyword", filters: { section: "guide" }, sort: { by: "date", descending: true }, limit: 50 }));
    if (found!.hits.length === 0 || found!.hits.some(({ page }) => page % 2 !== 0)) throw new Error("the filter lets others through");
    const months = found!.hits.map(({ page }) => page % 12);
    equal(months, [...months].sort((a, b) => b - a), "months");
    await fails(all(search.search("x", { filters: { nothing: "a" } })), "nothing", "section");
    const related = await search.related(5, { limit: 3 });
    equal([related.length, related.some(({ page }) => page === 5), new URL(related[0]!.url).origin], [3, false, location.origin], "related pages");
    await fails(search.related(1000), "there is no page 1000");
  }));

test("a thrifty connection stays with words until asked", async () => {
  for (const [connection, held] of [[{ saveData: true }, "save-data"], [{ type: "cellular" }, "metered"], [{ effectiveType: "2g" }, "slow"]] as const) {
    await withConnection(connection, () =>
      opened(async (search, at) => {
        equal(await ask(search), ["keyword final"], "modes");
        equal([search.status.model.stage, search.status.model.held], ["waiting", held], "model");
        equal((await requests(at.model)).length, 0, "requests for the model");
        equal(await ask(search, QUESTION, { mode: "fused" }), ["keyword", "fused final"], "modes when asked");
        equal(await ask(search), ["keyword", "fused final"], "modes from then on");
      }),
    );
  }
  await withConnection({ saveData: true }, () => opened(async (search) => equal(await ask(search), ["keyword", "fused final"], "modes"), { meaning: "always" }));
  await withConnection({ saveData: true }, () =>
    opened(async (search) => {
      await search.loadMeaning();
      equal(search.status.model.stage, "ready", "model");
    }),
  );
});

test("a connection that gets better is used", async () => {
  const connection = Object.assign(new EventTarget(), { saveData: true });
  await withConnection(connection, () =>
    opened(async (search) => {
      equal(await ask(search), ["keyword final"], "modes");
      connection.saveData = false;
      connection.dispatchEvent(new Event("change"));
      equal(await ask(search), ["keyword", "fused final"], "modes");
    }),
  );
});

test("meaning can be off", () =>
  opened(
    async (search, at) => {
      equal(await ask(search, QUESTION, { mode: "fused" }), ["keyword final"], "modes");
      await fails(search.embed(["text"]), 'meaning: "never"');
      await fails(search.loadMeaning(), 'meaning: "never"');
      equal([search.status.model.stage, (await requests(at.model)).length], ["off", 0], "model");
    },
    { meaning: "never" },
  ));

test("an index without vectors is searched by words", () => {
  const at = place();
  return opened(
    async (search) => {
      equal(await ask(search, QUESTION, { mode: "fused" }), ["keyword final"], "modes");
      await fails(all(search.search(QUESTION, { mode: "semantic" })), "has no vectors");
      equal(search.status.model.stage, "off", "model");
      equal((await search.embed(["text"]))[0]!.length, 64, "a vector all the same");
    },
    {}, at, at.words,
  );
});

test("vectors of another model are not used", () => {
  const at = place();
  return opened(
    async (search) => {
      equal(await ask(search), ["keyword", "keyword final"], "modes");
      const { stage, error } = search.status.model;
      equal([stage, error?.includes("made with another model")], ["failed", true], "model");
      equal(await ask(search), ["keyword final"], "modes from then on");
      await fails(all(search.search(QUESTION, { mode: "semantic" })), "made with another model");
    },
    {}, at, at.foreign,
  );
});

test("embedding works without an index", async () => {
  const at = place();
  const search = await open(null, { model: at.plain, runtime: "/" });
  const vectors = await search.embed(["how do I cancel?", "é 🙂", ...Array.from({ length: 12 }, (_, i) => `text ${i}`)], { kind: "passage" });
  equal(vectors.length, 14, "vectors");
  for (const vector of vectors) {
    const length = Math.hypot(...vector);
    if (vector.length !== 64 || Math.abs(length - 1) > 1e-5) throw new Error(`a vector of ${vector.length} numbers and length ${length}`);
  }
  await fails(search.embed([""]), "empty");
  await fails(search.embed(["x".repeat(2 << 20)]), "too long");
  await fails(all(search.search("x")), "no index");
  search.close();
});

test("a newer search replaces an older one", () =>
  opened(async (search) => {
    const [older, newer] = await Promise.all([all(search.search("goroutines")), all(search.search(QUESTION))]);
    equal([modes(older), modes(newer)], [[], ["keyword", "fused final"]], "modes");
  }));

test("a search ends when its signal says so", () =>
  opened(async (search, at) => {
    await spoil(at.model, "stuck");
    const stop = new AbortController();
    const results = search.search(QUESTION, { signal: stop.signal })[Symbol.asyncIterator]();
    equal(modes([((await results.next()) as { value: Results }).value]), ["keyword"], "modes");
    setTimeout(() => stop.abort(new Error("no longer wanted")), 30);
    await fails(Promise.resolve(results.next()), "no longer wanted");
    await fails(all(search.search(QUESTION, { signal: stop.signal })), "no longer wanted");
    const embedding = search.embed(["a"], { signal: AbortSignal.timeout(30) });
    await fails(embedding, "TimeoutError");
    await mend();
    equal(await ask(search, QUESTION, { mode: "keyword" }), ["keyword final"], "modes afterwards");
  }));

test("leaving an iteration ends its search", () =>
  opened(async (search) => {
    for await (const { mode } of search.search(QUESTION)) {
      equal(mode, "keyword", "mode");
      break;
    }
    equal(await ask(search), ["keyword", "fused final"], "modes of the next");
  }));

test("a hundred fast keystrokes: the last one counts, and the page is never held up", () =>
  opened(async (search) => {
    await search.loadMeaning();
    const text = "how do I cancel a request that takes too long, or wait for goroutines to finish, and then read a file";
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const searches: Promise<Results[]>[] = [];
    for (let i = 1; i <= 100; i++) {
      searches.push(all(search.search(text.slice(0, i))));
      if (i % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const lists = await Promise.all(searches);
    clearInterval(beat);
    equal(modes(lists[99]!), ["keyword", "fused final"], "modes of the last");
    const fused = lists.flat().filter(({ mode }) => mode === "fused").length;
    if (fused > 3) throw new Error(`${fused} prefixes were read by the model`);
    equal(lists.slice(0, 99).flat().some(({ final, mode }) => final && mode === "fused"), fused > 1, "final results of others");
    if (longest > 500) throw new Error(`the page was held up for ${longest} ms`);
  }));

test("a site that was published anew is taken over when files are gone", () =>
  opened(async (search, at) => {
    const edition = async (limit: number): Promise<string> => {
      const [found] = await all(search.search("sort a slice", { mode: "keyword", limit }));
      return [...new Set(found!.hits.flatMap(({ passages }) => passages.map(({ text }) => text.match(/\w+ edition/)![0])))].join();
    };
    equal(await edition(1), "first edition", "text");
    await spoil(at.index, "change", 0, "newer");
    equal(await edition(50), "second edition", "text of what had not been read");
    equal(await ask(search), ["keyword", "fused final"], "modes");
  }));

test("refresh takes over what was published anew, and retries the model", () =>
  opened(async (search, at) => {
    await spoil(`${at.model}model.json`, "missing");
    equal(await ask(search), ["keyword", "keyword final"], "modes");
    equal([search.status.model.stage, search.status.model.error?.includes("404")], ["failed", true], "model");
    await mend();
    await spoil(at.index, "change", 0, "newer");
    await search.refresh();
    const [found] = await all(search.search("read a file"));
    if (!found!.hits[0]!.passages[0]!.text.includes("second edition")) throw new Error("the second edition was not found");
    equal(await ask(search), ["keyword", "fused final"], "modes");
  }));

test("without a network the last visit's index is searched", async () => {
  const at = place();
  await opened(visit, {}, at);
  await spoil(at.path, "offline");
  await opened(
    async (search) => {
      equal(await ask(search), ["keyword", "fused final"], "modes");
      const results = all(search.search("words that nobody has looked for: zulu"));
      await fails(results.then((list) => Promise.reject(new Error(modes(list).join()))), "");
    },
    {}, at,
  );
});

test("an index that cannot be had is refused by name", async () => {
  const at = place();
  await fails(open(`${at.path}nowhere/`), "nowhere/index.json", "404");
  await fails(open(at.model.replace("model", "big")), "big/index.json", "404");
  await fails(open("/empty/"), "index.json is not JSON");
  await spoil(at.index, "offline");
  await fails(open(at.index), "index.json could not be fetched");
  await mend();
  const stop = new AbortController();
  await spoil(at.index, "stuck");
  setTimeout(() => stop.abort(new Error("changed my mind")), 30);
  await fails(open(at.index, { signal: stop.signal }), "changed my mind");
  await mend();
  await fails(open(at.index, { runtime: "/empty/no/" }), "/empty/no/worker.js");
});

test("a runtime on another origin is refused by name", async () => {
  const at = place();
  const elsewhere = location.href.replace("127.0.0.1", "localhost");
  await fails(open(at.index, { runtime: elsewhere }), "localhost", "page's own origin");
});

/** withWorkers runs a test that can end the browser's workers. */
async function withWorkers(run: (workers: Worker[]) => Promise<void>): Promise<void> {
  const Real = globalThis.Worker;
  const workers: Worker[] = [];
  globalThis.Worker = class extends Real {
    constructor(...parameters: ConstructorParameters<typeof Worker>) {
      super(...parameters);
      workers.push(this);
    }
  };
  try {
    await run(workers);
  } finally {
    globalThis.Worker = Real;
  }
}

test("a worker that dies is replaced, with what it held, and asked again", () =>
  withWorkers((workers) =>
    opened(async (search, at) => {
      equal(await ask(search), ["keyword", "fused final"], "modes");
      await spoil(at.index, "slow");
      const asked = ask(search, "sort a slice");
      setTimeout(() => workers[0]!.terminate(), 20);
      equal((await asked).slice(-1), ["fused final"], "end of the search during which it died");
      await mend();
      equal([workers.length, search.status.restarts], [2, 1], "workers");
      equal((await search.embed(["x"]))[0]!.length, 64, "a vector");
    }),
  ));

test("workers that die before they answer anything are not replaced for ever", () =>
  withWorkers((workers) =>
    opened(async (search, at) => {
      await ask(search, QUESTION, { mode: "keyword" });
      await spoil(at.index, "stuck");
      const asked = ask(search, "wait for goroutines", { mode: "keyword" });
      workers[0]!.terminate();
      while (workers.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 300));
      workers[1]!.terminate();
      await fails(asked, "ended the search worker");
      equal([workers.length, search.status.index.stage], [2, "failed"], "workers");
      await fails(ask(search), "ended the search worker");
    }),
  ));

test("closing ends what is pending", async () => {
  const at = place();
  const search = await open(at.index, { model: at.model });
  await spoil(at.model, "stuck");
  const pending = [all(search.search(QUESTION)), search.embed(["a"]), search.loadMeaning()];
  await until(search, ({ model }) => model.stage === "loading");
  search.close();
  for (const promise of pending) await fails(promise, "the search was closed");
  await fails(all(search.search("a")), "the search was closed");
  await mend();
});

test("a model under faults: cut, wrong, slow, without ranges or pages", async () => {
  for (const [path, manner, times] of [["model/", "cut", 3], ["model/", "wrong", 2], ["model/", "slow", 0], ["model/", "whole", 0], ["model/pages.json", "missing", 0], ["index/", "wrong", 1], ["index/", "offline", 1]] as const) {
    const at = place();
    await spoil(at.path + path, manner, times);
    const search = await open(at.index, { model: at.model }).catch(async () => open(at.index, { model: at.model }));
    // A manifest that is cut or wrong is refused; asking again helps.
    let found = await ask(search);
    for (let tries = 0; found.at(-1) !== "fused final" && tries < 4; tries++) {
      await search.refresh();
      found = await ask(search, QUESTION, { mode: "fused" });
    }
    equal(found.at(-1), "fused final", `end of a search while ${path} is ${manner}`);
    search.close();
    await mend();
  }
});

test("a pages.json that lies is done without", () =>
  opened(async (search, at) => {
    await spoil(`${at.model}pages.json`, "change", 0, "lies");
    equal(await ask(search), ["keyword", "fused final"], "modes");
    equal(search.status.model.stage, "ready", "model");
  }));

/** keptNames returns the content-named files that the cache has of a folder. */
async function keptNames(folder: string): Promise<string[]> {
  const cache = await caches.open(`effir ${new URL(folder, location.href).href}`);
  return (await cache.keys()).map(({ url }) => /([0-9a-f]{32})\.bin/.exec(url)?.[1] ?? "").filter((name) => name !== "").sort();
}

test("files of an older version are forgotten, but not while another tab uses it", async () => {
  const at = place();
  const ask = async (search: Search): Promise<void> => {
    await all(search.search(QUESTION, { limit: 60 }));
    await new Promise((resolve) => setTimeout(resolve, 300));
  };
  const old = await open(at.index, { model: at.model });
  await ask(old);
  const before = await keptNames(at.index);
  await spoil(at.index, "change", 0, "newer");
  const newer = await open(at.index, { model: at.model });
  await ask(newer);
  const both = await keptNames(at.index);
  equal(before.every((name) => both.includes(name)), true, "the older version's files are there while it is used");
  old.close();
  newer.close();
  const again = await open(at.index, { model: at.model });
  await ask(again);
  const after = await keptNames(at.index);
  const gone = before.filter((name) => !after.includes(name)).length;
  if (gone === 0 || after.length === 0) throw new Error(`${gone} of ${before.length} files are gone, ${after.length} are kept`);
  const asked = (await requests(at.index)).length;
  await ask(again);
  equal((await requests(at.index)).length, asked, "requests for what is in use");
  again.close();
  await mend();
});

test("kernels that stop the guest end the model, not the search", () =>
  opened(
    async (search) => {
      equal(await ask(search), ["keyword", "keyword final"], "modes");
      equal([search.status.model.stage, search.status.model.error?.includes("the search engine stopped")], ["failed", true], "model");
      equal(await ask(search), ["keyword final"], "modes from then on");
      await fails(search.embed(["text"]), "the search engine stopped");
    },
    { runtime: "/broken/" },
  ));

test("kernels that this browser computes wrongly are not used: search stays by keyword and says why", () =>
  opened(
    async (search) => {
      equal(await ask(search), ["keyword", "keyword final"], "modes");
      const { stage, error = "" } = search.status.model;
      equal([stage, /computes \w+ of kernels_baseline.wasm wrongly/.test(error)], ["failed", true], `model, of which is said: ${error}`);
      equal(await ask(search), ["keyword final"], "modes from then on");
      await fails(search.embed(["text"]), "kernels_baseline.wasm", "update the browser");
    },
    { runtime: "/wrong/" },
  ));

test("the first text is read before the whole token table is there", async () => {
  const at = place();
  await spoil(at.big, "slow");
  const search = await open(null, { model: at.big, runtime: "/" });
  const [early] = await search.embed(["how do I cancel a request?"]);
  const { loaded, total, stage } = search.status.model;
  equal(stage, "ready", "model");
  if (loaded > total - (1 << 20)) throw new Error(`${loaded} of ${total} bytes had been loaded: nothing is tested`);
  await mend();
  const whole = await until(search, ({ model }) => model.loaded === model.total);
  equal(whole.model.stage, "ready", "model");
  const [late] = await search.embed(["how do I cancel a request?"]);
  equal([...late!], [...early!], "vectors");
  search.close();
});
