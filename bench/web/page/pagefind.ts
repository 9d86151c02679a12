/** Pagefind by its own API. */
import * as pagefind from "/pagefind/pagefind.js";
import { LIMIT, run } from "./page.ts";

run(async () => async function* (question) {
  const { results } = await pagefind.search(question);
  const pages = await Promise.all(results.slice(0, LIMIT).map((result) => result.data()));
  yield { mode: "keyword", hits: pages.map(({ url, meta, plain_excerpt }) => ({ url, title: meta.title ?? "", text: plain_excerpt })) };
});
