/** EffiR as `effir index` makes it. The page by keyword alone never loads the model. */
import type { open as Open } from "../../../web/src/index.ts";
import { LIMIT, run } from "./page.ts";

run(async (wanted) => {
  const library = "/effir/effir.js";
  const { open } = (await import(library)) as { open: typeof Open };
  const search = await open("/effir/", { meaning: wanted === "keyword" ? "never" : "auto" });
  return async function* (question, mode) {
    for await (const results of search.search(question, { mode: mode === "keyword" ? "keyword" : "fused", limit: LIMIT })) {
      yield {
        mode: results.mode === "keyword" ? "keyword" : "semantic",
        hits: results.hits.map(({ title, passages: [best] }) => ({ url: best!.url, title, text: best!.text })),
      };
    }
  };
});
