import { analyze, atLeast } from "./analyze.ts";
import { fold } from "./fold.ts";
import { lastDivision, lastWord, MIN_PREFIX, queryTerms } from "./query.ts";

/**
 * highlighter returns a function that finds the ranges of UTF-16 units of a text,
 * ascending and disjoint, that match a term of the query or begin with its last
 * word. A range is a word or the part of it that matches.
 */
export function highlighter(query: string): (text: string) => [number, number][] {
  const wanted = queryTerms(query);
  const last = lastDivision(lastWord(query));
  const prefix = atLeast(last, MIN_PREFIX) ? last : "";
  return (text) => {
    const ranges: [number, number][] = [];
    analyze(text, (term, start, end) => {
      if (!wanted.has(term)) {
        if (prefix === "") return;
        // The prefix completes one division of a word, as a search does.
        const word = text.slice(start, end);
        if (/[._]/.test(word) || !fold(word).startsWith(prefix)) return;
      }
      // Spans come by word, wider ones first, so only the last can overlap.
      const before = ranges.at(-1);
      if (before && start < before[1]) before[1] = Math.max(before[1], end);
      else ranges.push([start, end]);
    });
    return ranges;
  };
}
