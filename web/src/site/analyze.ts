import { fold } from "./fold.ts";
import { stem } from "./stem.ts";

/** A term of a text and the span of UTF-16 units that it stands for. */
export type Emit = (term: string, start: number, end: number) => void;

/**
 * The analysis of the Go package wasm/index, term for term (analyze.go there
 * gives the reasons). A word is a run of at most 64 letters, digits and marks; one
 * '.', '_' or apostrophe between two of them belongs to it. Han, Hiragana and
 * Katakana give one word per character.
 */
const CJK = "[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}]";
const WORD_START = `(?!${CJK})[\\p{L}\\p{Nd}]`;
const WORD = new RegExp(`${WORD_START}(?:(?!${CJK})[\\p{L}\\p{Nd}\\p{M}]|[._'’](?=${WORD_START})){0,63}|(?=\\p{L})${CJK}`, "gu");

/** analyze calls emit for every index term of a text, in text order. */
export function analyze(text: string, emit: Emit): void {
  for (const word of text.matchAll(WORD)) {
    wordTerms(word[0], (term, start, end) => emit(term, word.index + start, word.index + end));
  }
}

/** words returns the words of a text; wordTerms has their terms. */
export function words(text: string): string[] {
  return text.match(WORD) ?? [];
}

/**
 * wordTerms emits a divided word itself, unstemmed ("http.request"); each of its
 * divisions, stemmed, unless it is a stop word; and after each division its
 * identifier parts, likewise ("WithCancel" gives "withcancel" and "cancel").
 */
export function wordTerms(word: string, emit: Emit): void {
  if (/[._]/.test(word)) emit(fold(word), 0, word.length);
  for (const division of word.matchAll(/[^._]+/g)) divisionTerms(division[0], division.index, emit);
}

function divisionTerms(division: string, offset: number, emit: Emit): void {
  stemmedTerm(division, offset, emit);
  if (!/.\p{Lu}/u.test(division)) return; // one part
  for (let from = 0; from < division.length; ) {
    const to = partEnd(division, from);
    const part = division.slice(from, to);
    if (part.length < division.length && atLeast(part, 2)) stemmedTerm(part, offset + from, emit);
    from = to;
  }
}

function stemmedTerm(text: string, offset: number, emit: Emit): void {
  const folded = fold(text);
  if (folded !== "" && !STOP_WORDS.has(folded)) emit(stem(folded), offset, offset + text.length);
}

/**
 * partEnd returns where the identifier part that starts at `from` ends: before an
 * upper-case letter that follows a lower-case one or a digit, and before the last
 * upper-case letter of a run that a lower-case one follows ("HTTPServer" is
 * "HTTP", "Server"). A plural s stays: "URLs" is one part.
 */
function partEnd(word: string, from: number): number {
  let before = "";
  let last = "";
  for (let at = from; at < word.length; ) {
    const char = String.fromCodePoint(word.codePointAt(at)!);
    if (UPPER.test(char) && LOWER_OR_DIGIT.test(last)) return at;
    if (LOWER.test(char) && UPPER.test(last) && UPPER.test(before) && !PLURAL.test(word.slice(at))) return at - last.length;
    [before, last] = [last, char];
    at += char.length;
  }
  return word.length;
}

// U+0295 was a lower-case letter until Unicode 16, and is one in Go's tables.
const UPPER = /\p{Lu}/u;
const LOWER = /[\p{Ll}\u0295]/u;
const LOWER_OR_DIGIT = /[\p{Ll}\u0295\p{Nd}]/u;
const PLURAL = /^s(?![\p{Ll}\u0295])/u;

/** atLeast says that a text has at least n characters (code points). */
export function atLeast(text: string, n: number): boolean {
  return text.length >= 2 * n || [...text].length >= n;
}

const STOP_WORDS = new Set(
  ("a an the and or but if then than so of in on at by for from to with into as is are was were be been being am " +
    "do does did has have had can could should would will i me my we our you your he she it its they their them his her " +
    "this that these those there such what which who whom whose when where why how not no").split(" "),
);
