/** Every word that the page's scripts say. */
import type { Hit, IndexStatus, ModelStatus, Results, Stage, Timings } from "../src/types.ts";

const whole = new Intl.NumberFormat("en");

export const examples = [
  "how do I cancel a request that takes too long",
  "wait until several goroutines have finished",
  "read a file line by line",
  "compare two strings ignoring upper and lower case",
  "turn a struct into text that other programs can read",
  "stop two routines from changing the same data",
];

export const text = {
  nothing: (query: string) => `No passage matches “${query}”.`,
  nothingYet: " Search by meaning is still loading and may find some.",
  meaningOff: "Search by meaning is off",
  keywordOff: "The search could not start",
  preparing: "preparing passages",
  preparingModel: "preparing the model",
};

export function keywordState({ stage, passages }: IndexStatus): string {
  const words: Record<Stage, string> = {
    off: "no index",
    loading: "loading the index",
    ready: `${whole.format(passages)} passages ready`,
    failed: "not available",
  };
  return words[stage];
}

/** meaningState says how far search by meaning is, and bar how full its bar is (undefined: no bar). */
export function meaningState(index: IndexStatus, model: ModelStatus): { words: string; bar?: number } {
  switch (model.stage) {
    case "off":
      return { words: "no model" };
    case "failed":
      return { words: "not available" };
    case "loading":
      if (model.total === 0) return { words: "waiting for the model", bar: 0 };
      if (model.loaded === model.total) return { words: "starting the model", bar: 1 };
      return { words: `model ${megabytes(model.loaded)} of ${megabytes(model.total)} MB`, bar: model.loaded / model.total };
    case "ready":
      if (index.stage !== "ready") return { words: "model ready" };
      if (index.vectorsError) return { words: "not available" };
      if (index.vectors < index.passages) {
        const part = `${whole.format(index.vectors)} of ${whole.format(index.passages)} passages by meaning`;
        return { words: part, bar: index.vectors / index.passages };
      }
      return { words: `${whole.format(index.vectors)} passages ready`, bar: 1 };
  }
}

export function indexing(embedded: number, passages: number): string {
  return passages > 0 ? `reading passages, ${whole.format(embedded)} of ${whole.format(passages)}` : "reading passages";
}

export function count({ hits, mode, final }: Results): string {
  const passages = hits.length === 1 ? "1 passage" : `${whole.format(hits.length)} passages`;
  if (mode === "fused") return `${passages} by keyword and meaning`;
  return `${passages} by keyword${final ? "" : ", meaning follows"}`;
}

export function stages({ keyword, embed, scan }: Timings): [name: string, time: string][] {
  const list: [string, string][] = [["keyword", milliseconds(keyword)]];
  if (embed !== undefined) list.push(["embed", milliseconds(embed)]);
  if (scan !== undefined) list.push(["scan", milliseconds(scan)]);
  return list;
}

export function score({ score: value }: Hit): string {
  return value >= 1 ? value.toFixed(1) : value.toFixed(4);
}

export function device(kernels: string | undefined, model: ModelStatus): string {
  const parts = kernels ? [`${kernels} SIMD kernels`] : [];
  if (model.name) parts.push(model.name);
  if (model.stage === "ready" && model.cached === model.total) parts.push("model from cache");
  return parts.join(" · ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function milliseconds(value: number): string {
  if (value < 0.05) return "<0.1 ms"; // browsers round their clocks
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
