import type { Status } from "../src/types.ts";
import { byId, setText } from "./dom.ts";
import { bytes, count, number } from "./format.ts";
import type { Progress } from "./indexing.ts";

/** How full a disc is, from 0 to 1, and what is written beside it. */
export interface Level {
  share: number;
  text: string;
  state: "waiting" | "loading" | "ready" | "failed";
}

/** showDiscs fills the two discs of the page's head like ink: words on the left, meaning on the right. */
export function showDiscs(words: Level, meaning: Level): void {
  show("words", words);
  show("meaning", meaning);
}

/** wordsLevel reads how far search by words is. */
export function wordsLevel(status: Status | undefined, failure: string): Level {
  if (failure || status?.index.stage === "failed") return { share: 0, text: "not available", state: "failed" };
  if (status?.index.stage !== "ready") return { share: 0, text: "opening the index", state: "loading" };
  return { share: 1, text: `${count(status.index.passages, "passage")}`, state: "ready" };
}

/** meaningLevel reads how far search by meaning is: passages are embedded first, then the model is loaded. */
export function meaningLevel(status: Status | undefined, progress: Progress | undefined): Level {
  const embedding = progress !== undefined && !progress.done;
  if (progress?.error) return { share: 0, text: "not available", state: "failed" };
  if (embedding && !status?.index.meaning) {
    const share = progress.embedded / Math.max(1, progress.passages);
    return { share, text: `reading ${number(progress.embedded)} of ${number(progress.passages)}`, state: "loading" };
  }
  if (!status) return { share: 0, text: "waiting", state: "waiting" };
  const { model } = status;
  switch (model.stage) {
    case "off":
      return { share: 0, text: "no vectors", state: "waiting" };
    case "waiting":
      return { share: 0, text: model.held ? "held for your connection" : "waits for a search", state: "waiting" };
    case "failed":
      return { share: 0, text: "not available", state: "failed" };
    case "loading":
      if (model.total === 0 || model.loaded === model.total) return { share: model.total && 1, text: "starting", state: "loading" };
      return { share: model.loaded / model.total, text: `${bytes(model.loaded)} of ${bytes(model.total)}`, state: "loading" };
    case "ready":
      return { share: 1, text: `${bytes(model.total)} model`, state: "ready" };
  }
}

const HEIGHT = 200; // of the drawing; a disc begins at TOP and is RADIUS * 2 high
const TOP = 8;
const RADIUS = 92;

function show(name: "words" | "meaning", { share, text, state }: Level): void {
  const ink = byId<SVGRectElement>(`${name}-ink`);
  const y = TOP + 2 * RADIUS * (1 - share);
  ink.setAttribute("y", share === 0 ? String(HEIGHT) : y.toFixed(1));
  const caption = byId(`${name}-level`);
  caption.dataset.state = state;
  setText(caption, text);
}
