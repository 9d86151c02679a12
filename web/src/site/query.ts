import { analyze, words } from "./analyze.ts";
import { fold } from "./fold.ts";

/** Bounds the work that a pasted page of text causes. */
const MAX_QUERY_TERMS = 256;

/** The length in characters from which a last word is completed. */
export const MIN_PREFIX = 2;

/** queryTerms returns the distinct terms of a query with their counts, in order of appearance. */
export function queryTerms(query: string): Map<string, number> {
  const terms = new Map<string, number>();
  analyze(query, (term) => {
    const count = terms.get(term);
    if (count !== undefined || terms.size < MAX_QUERY_TERMS) terms.set(term, (count ?? 0) + 1);
  });
  return terms;
}

/** lastWord returns the folded word that a query ends in; it is empty after a separator. */
export function lastWord(query: string): string {
  const last = words(query).at(-1) ?? "";
  return query.endsWith(last) ? fold(last) : "";
}

/** lastDivision returns what follows the last '.' or '_' of a word. */
export function lastDivision(word: string): string {
  return word.slice(Math.max(word.lastIndexOf("."), word.lastIndexOf("_")) + 1);
}

/** utf8Length returns how many bytes a text has in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
