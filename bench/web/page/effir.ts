/** EffiR as `effir index` makes it. The page by keyword alone never loads the model. */
import { open } from "/effir/effir.js";
import { LIMIT, run } from "./page.ts";

run(async (wanted) => {
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
