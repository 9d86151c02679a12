// Orama's index of passages, as it is made and as it is searched. Orama ranks the judged questions best
// (of all that was tried) by passages in three fields, with its English stemmer and stop words, title
// and heading twice as heavy as text, and answers that hold every word of the question before others.
import { create, search } from "@orama/orama";
import { stemmer } from "@orama/stemmers/english";
import { stopwords } from "@orama/stopwords/english";

// open returns an empty index.
export function open() {
  return create({
    schema: { title: "string", heading: "string", text: "string" },
    components: { tokenizer: { language: "english", stemming: true, stemmer, stopWords: stopwords } },
  });
}

const PASSAGES = 100; // that are collected into pages

// pagesOf returns the best passages of the best pages.
export async function pagesOf(db, question, limit) {
  const { hits } = await search(db, { term: question, limit: PASSAGES, threshold: 0, boost: { title: 2, heading: 2 } });
  const best = new Map();
  for (const { document } of hits) if (!best.has(document.url)) best.set(document.url, document);
  return [...best.values()].slice(0, limit);
}
