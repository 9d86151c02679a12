import type { OpenOptions } from "../src/types.ts";
import { defaultHotkeys, type Hotkey, parse } from "./hotkey.ts";
import { type Strings, Words } from "./strings.ts";

// What the attributes of an element say; their meaning is told at EffirSearch.

/** The attributes whose changes the element answers. */
export const names = ["src", "model", "meaning", "mode", "placeholder", "lang", "strings", "limit", "open-key", "filters", "ranks"];

/** where says which index to open, and how. */
export function where(element: HTMLElement): { url: string; options: OpenOptions } {
  const here = new URL("./", import.meta.url).href;
  const model = element.getAttribute("model");
  const meaning = element.getAttribute("meaning");
  return {
    url: new URL(element.getAttribute("src") ?? here, document.baseURI).href,
    options: {
      runtime: here,
      ...(model !== null && { model }),
      ...((meaning === "always" || meaning === "never") && { meaning }),
    },
  };
}

/** limit is the most pages to show. */
export function limit(element: HTMLElement): number {
  const limit = Number.parseInt(element.getAttribute("limit") ?? "", 10);
  return limit >= 1 ? Math.min(limit, 100) : 10;
}

/** filterKeys are those to offer, none: all of the index; undefined: no filters are wanted. */
export function filterKeys(element: HTMLElement): string[] | undefined {
  return element.getAttribute("filters")?.split(",").map((key) => key.trim()).filter(Boolean);
}

/** words are those of the element's language, else the page's, with the page's own in their place. */
export function words(element: HTMLElement, own: Partial<Strings>): Words {
  return new Words(element.lang || element.closest<HTMLElement>("[lang]")?.lang || document.documentElement.lang || "en", own);
}

/** hotkeys are the keys that open the search. */
export function hotkeys(element: HTMLElement): Hotkey[] {
  return parse(element.getAttribute("open-key") ?? defaultHotkeys);
}
