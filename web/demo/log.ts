import type { Results } from "../src/types.ts";

/** What one search took, as the page "What happened" shows it. */
export type Entry = Pick<Results, "query" | "mode" | "timings" | "tokens" | "transferred"> & { hits: number };

const KEY = "effir-demo-searches";
const MOST = 12;

/** remember keeps a finished search for this tab's session; a query that was refined letter by letter is kept once. */
export function remember({ query, mode, timings, tokens, transferred, hits }: Results): void {
  const list = remembered().filter((old) => !query.startsWith(old.query) || query === "");
  list.unshift({ query, mode, timings, tokens, transferred, hits: hits.length });
  try {
    sessionStorage.setItem(KEY, JSON.stringify(list.slice(0, MOST)));
  } catch {
    // Storage is full or forbidden: the page shows no searches then.
  }
}

/** remembered returns the searches, newest first. */
export function remembered(): Entry[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Entry[];
  } catch {
    return [];
  }
}
