import type { Status } from "../src/types.ts";
import { byId, setText } from "./dom.ts";
import type { Progress } from "./indexing.ts";
import { device, indexing, keywordState, meaningState, text } from "./strings.ts";

const keywordBar = byId<HTMLProgressElement>("keyword-bar");
const meaningBar = byId<HTMLProgressElement>("meaning-bar");

/** showEngine paints the two gauges and the footer. */
export function showEngine(status: Status, progress: Progress | undefined): void {
  const { index, model } = status;
  const preparing = progress !== undefined && !progress.done;

  const waiting = preparing && index.stage !== "ready";
  setText(byId("keyword-state"), waiting ? text.preparing : keywordState(index));
  setBar(keywordBar, index.stage === "ready" ? 1 : index.stage === "failed" && !waiting ? 0 : undefined);

  const meaning = meaningState(index, model);
  const embedding = preparing && model.stage === "ready" && index.vectors === 0;
  const converting = preparing && model.stage === "failed"; // it is not written yet
  if (converting) Object.assign(meaning, { words: text.preparingModel, bar: undefined });
  if (embedding) Object.assign(meaning, { words: indexing(progress.embedded, progress.passages), bar: progress.embedded / Math.max(1, progress.passages) });
  setText(byId("meaning-state"), meaning.words);
  setBar(meaningBar, converting ? undefined : (meaning.bar ?? 0));

  byId("engine").dataset.keyword = waiting ? "loading" : index.stage;
  byId("engine").dataset.meaning = converting ? "loading" : index.vectorsError && !preparing ? "failed" : model.stage;
  setText(byId("device"), device(status.kernels, model));
}

/** setBar fills a bar; undefined lets it run without an end. */
function setBar(bar: HTMLProgressElement, value: number | undefined): void {
  if (value === undefined) bar.removeAttribute("value");
  else bar.value = value;
}
