import type { Mode, Status } from "../src/types.ts";
import type { Words } from "./strings.ts";

/** What the line below the field says about the engine. */
export interface LoadState {
  words: "waiting" | "loading" | "ready" | "failed";
  meaning: "off" | "waiting" | "loading" | "ready" | "failed";
  text: string;
  /** Of the model, from 0 to 1, while it loads. */
  share?: number;
  /** More on what went wrong. */
  detail?: string;
  /** What a button beside the text offers. */
  action?: "load" | "retry";
}

/** loadState reads the engine's status; undefined: not opened yet. mode is that of the results on the screen. */
export function loadState(status: Status | undefined, failure: string, mode: Mode | undefined, language: Words): LoadState {
  const { strings } = language;
  if (failure) return { words: "failed", meaning: "off", text: strings.failed, detail: failure };
  if (!status) return { words: "waiting", meaning: "waiting", text: "" };
  const { index, model } = status;
  if (index.stage === "failed") return { words: "failed", meaning: "off", text: strings.failed, ...(index.error && { detail: index.error }) };
  const words = index.stage === "ready" ? "ready" : "loading";
  if (words === "loading") return { words, meaning: model.stage, text: strings.preparing };
  switch (model.stage) {
    case "off":
      return { words, meaning: "off", text: strings.byWords };
    case "failed":
      return { words, meaning: "failed", text: strings.meaningFailed, action: "retry", ...(model.error && { detail: model.error }) };
    case "waiting":
      return model.held ? { words, meaning: "waiting", text: strings.byWords, action: "load" } : { words, meaning: "waiting", text: strings.byWords };
    case "loading": {
      if (model.total === 0) return { words, meaning: "loading", text: strings.starting };
      const share = model.loaded / model.total;
      if (share >= 1) return { words, meaning: "loading", text: strings.starting, share: 1 };
      const text = language.fill(strings.loading, { loaded: language.size(model.loaded), total: language.size(model.total) });
      return { words, meaning: "loading", text, share };
    }
    case "ready":
      return { words, meaning: "ready", text: mode === "keyword" ? strings.byWords : mode === "semantic" ? strings.byMeaning : strings.byBoth };
  }
}
