/** Pagefind by its own API. */
import { LIMIT, run } from "./page.ts";

interface Page {
  url: string;
  meta: Record<string, string>;
  plain_excerpt: string;
}
interface Library {
  search(term: string): Promise<{ results: { data(): Promise<Page> }[] }>;
}

run(async () => {
  const library = "/pagefind/pagefind.js";
  const { search } = (await import(library)) as Library;
  return async function* (question) {
    const { results } = await search(question);
    const pages = await Promise.all(results.slice(0, LIMIT).map((result) => result.data()));
    yield { mode: "keyword", hits: pages.map(({ url, meta, plain_excerpt }) => ({ url, title: meta.title ?? "", text: plain_excerpt })) };
  };
});
