/**
 * A worker that speaks the real one's protocol and answers from a scenario, so
 * that tests of the page decide what comes when.
 */
import type { Call, Reply, Request } from "../src/protocol.ts";
import type { SearchOptions } from "../src/types.ts";
import { results, type Scenario, type Scenarios } from "./scenario.ts";

const scope = globalThis as unknown as { postMessage(reply: Reply): void; onmessage: (event: MessageEvent<Request>) => void };
const loaded = fetch("scenario.json").then((response) => response.json() as Promise<{ pages: Scenarios["pages"]; scenario: Scenario }>);
const cancelled = new Set<number>();
let after = false; // whether answersAfter are given

scope.onmessage = async ({ data }) => {
  const { scenario } = await loaded;
  const size = scenario.documents?.length ?? 0;
  switch (data.type) {
    case "open":
      if (scenario.status) scope.postMessage({ type: "status", status: scenario.status, size });
      await sleep(scenario.opens ?? 0);
      if (scenario.refuses) return scope.postMessage({ type: "refused", error: { name: "Error", message: scenario.refuses } });
      return scope.postMessage({ type: "opened", size, storage: "opfs" });
    case "cancel":
      return void cancelled.add(data.id);
    case "call":
      return answer(data);
  }
};
scope.postMessage({ type: "hello", build: "" });

async function answer(call: Call): Promise<void> {
  const { scenario } = await loaded;
  const done = (output: unknown): void => scope.postMessage({ type: "done", id: call.id, output });
  const now = (status: Scenario["refreshed"]): void => {
    after = true;
    if (status) scope.postMessage({ type: "status", status, size: scenario.documents?.length ?? 0 });
  };
  switch (call.method) {
    case "search":
      return search(call.id, call.input.query, call.input.options);
    case "filters":
      return done(scenario.filters ?? {});
    case "documents":
      return done(scenario.documents ?? []);
    case "refresh":
      now(scenario.refreshed);
      return done(null);
    case "meaning":
      now(scenario.afterMeaning);
      return done(null);
    default:
      return scope.postMessage({ type: "failed", id: call.id, error: { name: "Error", message: `no scenario answers ${call.method}` } });
  }
}

async function search(id: number, query: string, { limit = 10, filters }: SearchOptions): Promise<void> {
  const { pages, scenario } = await loaded;
  const answers = (after && scenario.answersAfter) || scenario.answers;
  for (const step of answers[query] ?? answers["*"] ?? []) {
    if (step.after) await sleep(step.after);
    if (cancelled.has(id)) return;
    if (step.failed !== undefined) return scope.postMessage({ type: "failed", id, error: { name: "Error", message: step.failed } });
    if (!step.hits) continue;
    const item = results(pages, query, step, limit);
    const areas = filters?.["area"];
    if (areas) item.hits = item.hits.filter(({ title }) => areas.includes(title.split("/")[0]!));
    scope.postMessage({ type: "item", id, item });
  }
  scope.postMessage({ type: "done", id, output: null });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
