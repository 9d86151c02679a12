/** The page that shows what the engine did: device, bytes, searches, and a benchmark. */
import { open, type Search, type Status } from "../src/index.ts";
import { type Bench, measure, textOf } from "./bench.ts";
import { byId, element, setText } from "./dom.ts";
import { showDevice, watchMainThread } from "./facts.ts";
import { bytes, count, milliseconds } from "./format.ts";
import { type Entry, remembered } from "./log.ts";
import { showWeights } from "./weights.ts";

let search: Search | undefined;
let shownWeights = "";

function showStatus(status: Status): void {
  void showDevice(status);
  const known = `${status.model.total} ${status.kernels}`;
  if (known === shownWeights) return;
  shownWeights = known;
  void showWeights(status.model.total, status.kernels);
}

/** Stages of a search in the order of time, with the ink that they are drawn in. */
const stages: [key: keyof Entry["timings"], name: string][] = [
  ["fetch", "waiting for files"],
  ["keyword", "finding words"],
  ["embed", "reading the question"],
  ["scan", "comparing meanings"],
];

function showSearches(list: Entry[]): void {
  byId("no-searches").hidden = list.length > 0;
  byId("searches").hidden = list.length === 0;
  const total = (entry: Entry): number => stages.reduce((sum, [key]) => sum + (entry.timings[key] ?? 0), 0);
  const longest = Math.max(1, ...list.map(total));
  byId("search-rows").replaceChildren(
    ...list.map((entry) => {
      const lane = element("span", "stages");
      for (const [key, name] of stages) {
        const part = element("i", key);
        part.style.setProperty("--share", ((entry.timings[key] ?? 0) / longest).toFixed(4));
        part.title = `${name}: ${milliseconds(entry.timings[key] ?? 0)}`;
        lane.append(part);
      }
      const link = element("a", "", entry.query);
      link.href = `./?q=${encodeURIComponent(entry.query)}`;
      const name = element("th", "", link);
      name.scope = "row";
      return element("tr", "", name, element("td", "lane", lane), element("td", "number", milliseconds(total(entry))),
        element("td", "number", entry.transferred.files > 0 ? bytes(entry.transferred.bytes) : "none"), element("td", "number", count(entry.hits, "hit")));
    }),
  );
}

async function runBenchmark(): Promise<void> {
  const button = byId<HTMLButtonElement>("run");
  const state = byId("bench-state");
  button.disabled = true;
  try {
    if (!search) throw new Error("the engine could not be opened");
    setText(state, "Loading the model");
    await search.loadMeaning();
    const engine = search;
    const results: Bench[] = [];
    // The model puts tokens of its own around a text.
    const around = Math.max(2, (await tokensOf(engine, textOf(8, 0))) - 8);
    for (const tokens of [16, 128]) {
      setText(state, `Embedding texts of ${tokens} tokens`);
      results.push(await measure((text) => engine.embed([text]), Math.max(1, tokens - around), tokens));
      showBench(results);
    }
    setText(state, "Medians of 20 runs each, from the page and back");
  } catch (thrown) {
    setText(state, (thrown as Error).message);
  }
  button.disabled = false;
}

/** tokensOf asks the engine how many tokens it reads in a text; 0 where the index can't be searched by meaning. */
async function tokensOf(engine: Search, text: string): Promise<number> {
  let tokens = 0;
  for await (const results of engine.search(text, { mode: "fused", limit: 1 })) tokens = results.tokens;
  return tokens;
}

/** showBench fills the figures of the runs that are done; their places are always there. */
function showBench(results: Bench[]): void {
  const longest = Math.max(...results.map(({ times }) => times.at(-1) ?? 0));
  const figures = byId("bench-results").querySelectorAll("figure");
  for (const [i, { tokens, times, median }] of results.entries()) {
    const figure = figures[i]!;
    setText(figure.querySelector("b")!, milliseconds(median));
    setText(figure.querySelector("span")!, `for ${tokens} tokens`);
    setText(figure.querySelector("p")!, `from ${milliseconds(times[0] ?? 0)} to ${milliseconds(times.at(-1) ?? 0)}`);
    figure.querySelector(".strip")!.replaceChildren(
      ...times.map((time) => {
        const dot = element("i", "");
        dot.style.setProperty("--at", (time / longest).toFixed(4));
        return dot;
      }),
    );
  }
}

byId("run").addEventListener("click", () => void runBenchmark());
watchMainThread();
showSearches(remembered());
await showDevice(undefined);
try {
  const began = performance.now();
  search = await open("index/", { model: "model/", onProgress: showStatus });
  setText(byId("opened-in"), milliseconds(performance.now() - began));
  if (!search.status.model.held) await search.loadMeaning(); // kernels and memory are known then
} catch (thrown) {
  setText(byId("bench-state"), (thrown as Error).message);
  void showWeights(0, undefined);
}
