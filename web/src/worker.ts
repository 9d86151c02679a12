/** The script of the Web Worker: takes requests one message at a time, see protocol.ts. */
import { Engine } from "./engine.ts";
import { message } from "./errors.ts";
import type { Reply, Request } from "./protocol.ts";
import type { Kind, Results } from "./types.ts";

const REPORT_EVERY = 50; // milliseconds between two messages on progress
const MAX_TEXT = 1 << 20; // UTF-16 units; the model reads far less

interface Scope {
  postMessage(reply: Reply, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}
const scope = globalThis as unknown as Scope;

let engine: Engine | undefined;
let newest = 0; // the search whose results are still wanted
const active = new Set<number>(); // requests that are neither answered nor cancelled

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "open":
      engine = new Engine(data.options, report);
      return;
    case "cancel":
      if (newest === data.id) newest = 0;
      active.delete(data.id);
      return;
    case "search":
      newest = data.id;
      void answer(data.id, (on) => search(on, data.id, data.query, data.limit));
      return;
    case "embed":
      void answer(data.id, (on) => embed(on, data.id, data.texts, data.kind));
      return;
    case "refresh":
      void answer(data.id, (on) => on.refresh());
  }
};

/** answer runs a request and ends it with exactly one "done" or "failed". */
async function answer(id: number, run: (engine: Engine) => Promise<void>): Promise<void> {
  active.add(id);
  try {
    if (!engine) throw new Error("the worker got a request before it was opened");
    await run(engine);
    sendStatus(); // whoever awaits the request sees the status that it led to
    scope.postMessage({ type: "done", id });
  } catch (thrown) {
    sendStatus();
    scope.postMessage({ type: "failed", id, message: message(thrown) });
  }
  active.delete(id);
}

/**
 * search posts keyword results, then, once the model is there, fused ones. It
 * pauses between the stages so that a newer query can take its place.
 */
async function search(engine: Engine, id: number, query: string, limit: number): Promise<void> {
  checkLength(query);
  await engine.indexSettled();
  await pause();
  if (newest !== id) return;

  const began = performance.now();
  const { hits } = engine.search(query, "keyword", limit);
  const timings: Results["timings"] = { keyword: performance.now() - began };
  const modelExpected = engine.status.model.stage === "loading" || engine.knowsMeaning();
  scope.postMessage({
    type: "results",
    id,
    results: { query, mode: "keyword", hits, timings: { ...timings }, tokens: 0, final: !modelExpected },
  });
  if (!modelExpected) return;

  await engine.modelSettled();
  await pause();
  if (newest !== id) return;
  if (!engine.knowsMeaning()) {
    const results: Results = { query, mode: "keyword", hits, timings, tokens: 0, final: true };
    scope.postMessage({ type: "results", id, results });
    return;
  }
  const meant = performance.now();
  const fused = engine.search(query, "fused", limit);
  timings.scan = fused.scanned;
  timings.embed = Math.max(0, performance.now() - meant - fused.scanned - timings.keyword);
  scope.postMessage({
    type: "results",
    id,
    results: { query, mode: "fused", hits: fused.hits, timings, tokens: fused.tokens, final: true },
  });
}

async function embed(engine: Engine, id: number, texts: string[], kind: Kind): Promise<void> {
  texts.forEach(checkLength);
  await engine.modelSettled();
  const vectors: Float32Array<ArrayBuffer>[] = [];
  for (const text of texts) {
    await pause(); // lets searches in between
    if (!active.has(id)) return;
    vectors.push(engine.embed(text, kind));
  }
  scope.postMessage({ type: "embeddings", id, vectors }, vectors.map((vector) => vector.buffer));
}

function checkLength(text: string): void {
  if (text.length > MAX_TEXT) throw new Error(`a text of ${text.length} characters is too long; the limit is ${MAX_TEXT}`);
}

const turns = new MessageChannel();
const waiting: (() => void)[] = [];
turns.port1.onmessage = () => waiting.shift()?.();

/** pause lets messages that have arrived be handled; unlike a timer it is not slowed down. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    turns.port2.postMessage(0);
  });
}

let reporting = false;

/** report posts the status soon, however often it changes until then. */
function report(): void {
  if (reporting) return;
  reporting = true;
  setTimeout(() => {
    reporting = false;
    sendStatus();
  }, REPORT_EVERY);
}

function sendStatus(): void {
  if (engine) scope.postMessage({ type: "status", status: engine.status });
}
