/** What the tests call in a page, by name, see ask in visit_test.go. Arguments and results travel as JSON. */
import type { LocalDocument, LocalIndex, OpenOptions, Results, Search, SearchOptions, Status } from "../../src/types.ts";

type Library = typeof import("../../src/index.ts");

const library = async (): Promise<Library> => (await import(new URL("/effir/effir.js", location.href).href)) as Library;

let search: Search | undefined;
let local: LocalIndex | undefined;
let statuses: Status[] = [];

function opened(): Search {
  if (!search) throw new Error("no index is open");
  return search;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Bytes of float32 numbers as base64, which Go decodes into a byte slice. */
function base64(vector: Float32Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)));
}

interface Axe {
  run(): Promise<{ violations: { id: string; impact: string; help: string; nodes: { html: string; target: unknown[]; failureSummary?: string }[] }[] }>;
}

let pauses: { longest: number; stop: () => void } | undefined;

const jobs: Promise<{ value?: unknown; error?: string }>[] = [];

const harness = {
  /** open opens the site's index, or none for null. */
  async open(url: string | null, options: OpenOptions = {}): Promise<Status> {
    search?.close();
    statuses = [];
    const { open } = await library();
    search = await open(url, { ...options, onProgress: (status) => statuses.push(structuredClone(status)) });
    return search.status;
  },

  /** openFor opens the index and gives up after some milliseconds. */
  async openFor(milliseconds: number): Promise<string> {
    const { open } = await library();
    return open("/effir/", { signal: AbortSignal.timeout(milliseconds) }).then(() => "opened", (error: Error) => error.name);
  },

  status: (): Status => opened().status,
  statuses: (): Status[] => statuses,
  find: (query: string, options: SearchOptions = {}): Promise<Results[]> => collect(opened().search(query, options)),
  async embed(texts: string[], kind: "query" | "passage"): Promise<string[]> {
    return (await opened().embed(texts, { kind })).map(base64);
  },
  loadMeaning: (): Promise<void> => opened().loadMeaning(),
  refresh: (): Promise<void> => opened().refresh(),
  related: (page: number) => opened().related(page),
  filters: () => opened().filters(),
  close: (): void => opened().close(),

  /** cancelled starts work and cancels it after some milliseconds; it returns what each caller saw. */
  async cancelled(milliseconds: number): Promise<string[]> {
    const signal = AbortSignal.timeout(milliseconds);
    const left = async (): Promise<string> => {
      for await (const { mode } of opened().search("compost", { mode: "fused" })) return `left after ${mode}`; // breaks the loop off
      return "nothing";
    };
    const seen = [opened().embed(["a text"], { signal }), collect(opened().search("garlic", { mode: "fused", signal }))].map((work) =>
      (work as Promise<unknown>).then(() => "done", (error: Error) => error.name),
    );
    const outcomes = await Promise.all(seen);
    return [...outcomes, await left()];
  },

  /** hurry starts a search for each prefix of a text without waiting; it returns the queries whose final results came. */
  async hurry(text: string): Promise<string[]> {
    const finals: string[] = [];
    const running = Array.from(text, (_, i) => collect(opened().search(text.slice(0, i + 1))));
    for (const results of await Promise.all(running)) finals.push(...results.filter(({ final }) => final).map(({ query }) => query));
    return finals;
  },

  /** crash ends the newest worker as a browser without memory does: without a word. */
  crash(): void {
    watch.workers.at(-1)!.terminate();
  },

  async createIndex(name: string, options: { meaning?: "auto" | "never" } = {}): Promise<number> {
    local?.close();
    local = await (await library()).createIndex(name, { ...options, model: "/effir/model/" });
    return local.size;
  },
  addLocal: (documents: LocalDocument[]): Promise<void> => local!.add(documents),
  /** addNoise adds documents that do not compress, some kilobytes each. */
  async addNoise(count: number, kilobytes: number): Promise<string> {
    const kilobyte = (): string => Array.from(crypto.getRandomValues(new Uint32Array(146)), (n) => n.toString(36)).join(" ");
    const text = (): string => Array.from({ length: kilobytes }, kilobyte).join(" ");
    const documents = Array.from({ length: count }, (_, i) => ({ id: `noise ${i}`, text: text() }));
    return local!.add(documents).then(() => "added", (error: Error) => error.message);
  },
  /** addMany adds so many documents of some kilobytes to a new index; it returns how many are there. */
  async addMany(count: number, kilobytes: number): Promise<number> {
    const index = await (await library()).createIndex("many", { meaning: "never" });
    const line = "The wind turned in the night and the boat went on without us. ";
    const text = line.repeat((kilobytes * 1000) / line.length);
    // Before, as that is the page's own work: one string each, as texts that were read are.
    const documents = Array.from({ length: count }, (_, i) => ({ id: `document ${i}`, title: `Day ${i}`, text: `${i} ${text}` }));
    await new Promise((resolve) => setTimeout(resolve));
    await index.add(documents);
    const { size } = index;
    await index.clear();
    index.close();
    return size;
  },
  removeLocal: (ids: string[]): Promise<void> => local!.remove(ids),
  findLocal: (query: string, options: SearchOptions = {}): Promise<Results[]> => collect(local!.search(query, options)),
  storageOfLocal: (): string => local!.storage,
  sizeOfLocal: (): number => local!.size,
  clearLocal: (): Promise<void> => local!.clear(),

  /** registerOffline resolves when the service worker keeps what the page needs. */
  async registerOffline(): Promise<string> {
    const registration = await (await library()).registerOffline();
    return registration.scope;
  },
  /** kept returns how many bytes of content-named files below a path the caches hold. */
  async kept(path: string): Promise<number> {
    const folder = new URL(path, location.href).href;
    let bytes = 0;
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const [, file = ""] = request.url.split(folder);
        if (/^[0-9a-f]+\.bin/.test(file)) bytes += (await (await cache.match(request))!.blob()).size;
      }
    }
    return bytes;
  },
  /** keeps says whether the caches hold all of these, of whichever build. */
  async keeps(paths: string[]): Promise<boolean> {
    const entries = await Promise.all(paths.map((path) => caches.match(new URL(path, location.href).href, { ignoreSearch: true })));
    return entries.every((entry) => entry !== undefined);
  },
  /** evict removes everything from the caches, as a browser does when the disk is full. */
  async evict(): Promise<void> {
    for (const name of await caches.keys()) await caches.delete(name);
  },

  /** begin starts a function without waiting; end waits for it. */
  begin(name: string, ...parameters: unknown[]): number {
    const run = (harness as Record<string, unknown>)[name] as (...parameters: unknown[]) => unknown;
    const job = (async () => run(...parameters))();
    return jobs.push(job.then((value) => ({ value }), (error: Error) => ({ error: error.message }))) - 1;
  },
  end: (id: number) => jobs[id]!,

  /** axe runs axe-core on the page and returns what it objects to. */
  async axe(): Promise<{ id: string; impact: string; help: string; nodes: string[] }[]> {
    if (!("axe" in globalThis)) {
      await new Promise((resolve, reject) => {
        const script = document.createElement("script");
        Object.assign(script, { src: "/axe.js", onload: resolve, onerror: () => reject(new Error("no axe-core: run npm ci in web")) });
        document.head.append(script);
      });
    }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(({ id, impact, help, nodes }) => ({
      id, impact, help, nodes: nodes.map(({ html, target, failureSummary }) => `${JSON.stringify(target)} ${html} ${failureSummary ?? ""}`),
    }));
  },

  /** watchPauses begins to measure how long the main thread is busy with one thing; longestPause ends it, in milliseconds. */
  watchPauses(): void {
    const { port1, port2 } = new MessageChannel();
    const watching = (pauses = { longest: 0, stop: () => port1.close() });
    let before = performance.now();
    port1.onmessage = () => {
      const now = performance.now();
      watching.longest = Math.max(watching.longest, now - before);
      before = now;
      port2.postMessage(0);
    };
    port2.postMessage(0);
  },
  watching: (): boolean => pauses !== undefined,
  longestPause(): number {
    pauses!.stop();
    return pauses!.longest;
  },

  problems: (): string[] => watch.problems.splice(0),
  shift: (): number => watch.shift,
  moved: (): { frames: number; pixels: number } => ({ frames: watch.frames, pixels: watch.moved }),
};

Object.assign(globalThis, { harness });
