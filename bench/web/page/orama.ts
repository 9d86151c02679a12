/** Orama over an index that was made by its save(). */
import { open, pagesOf } from "../orama-index.mjs";
import { load } from "@orama/orama";
import { LIMIT, run } from "./page.ts";

interface Passage {
  url: string;
  title: string;
  text: string;
}

run(async () => {
  const response = await fetch("/orama/index.json");
  const db = open();
  load(db, await response.json());
  return async function* (question) {
    yield {
      mode: "keyword",
      hits: ((await pagesOf(db, question, LIMIT)) as Passage[]).map(({ url, title, text }) => ({ url: `/${url}`, title, text })),
    };
  };
});
