import type { Results } from "../src/types.ts";
import type { Entry } from "./hit.ts";

/** What effir-select tells. Preventing its default keeps the link from being followed. */
export interface Selection extends Entry {
  newTab: boolean;
}

interface Events {
  /** Results are on the screen. */
  "effir-search": CustomEvent<Results>;
  "effir-select": CustomEvent<Selection>;
  "effir-error": CustomEvent<{ error: Error }>;
}

declare global {
  interface HTMLElementEventMap extends Events {}
}

/** tell dispatches an event that leaves the shadow tree; it says whether the page lets its default happen. */
export function tell<E extends keyof Events>(from: HTMLElement, name: E, detail: Events[E]["detail"]): boolean {
  return from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: name === "effir-select" }));
}
