import { type Piece, snippet, words, wordsOf } from "../component/snippet.ts";
import { below, where } from "../component/hit.ts";
import { equal, test } from "./harness.ts";

const marks = (parts: Piece[]): string[] => parts.filter((part) => part.mark).map((part) => part.text);
const plain = (parts: Piece[]): string => parts.map((part) => part.text).join("");

/** ranges finds words in a text, as the index does. */
function ranges(text: string, ...wanted: string[]): [number, number][] {
  const found: [number, number][] = [];
  for (const match of text.matchAll(/\p{Lu}?\p{Ll}+/gu)) {
    if (wanted.includes(match[0].toLowerCase())) found.push([match.index, match.index + match[0].length]);
  }
  return found;
}

test("highlights are marked, and adjacent ones make one mark", () => {
  const text = "Transport.CancelRequest cancels a request.";
  const got = snippet(text, ranges(text, "cancel", "request", "cancels"), 200);
  equal(plain(got), text, "text");
  equal(marks(got), ["CancelRequest", "cancels", "request"], "marks");
});

test("a snippet shows where most different words are", () => {
  const filler = "lorem ipsum dolor file amet ".repeat(40);
  const text = `${filler}close the file after reading it. ${filler}`;
  const got = snippet(text, ranges(text, "file", "reading"), 120);
  if (!marks(got).includes("reading")) throw new Error(`the snippet is ${plain(got)}`);
  if (plain(got).length > 130) throw new Error(`the snippet has ${plain(got).length} characters`);
  if (!plain(got).startsWith("… ") || !plain(got).endsWith(" …")) throw new Error("cuts are not shown");
});

test("words of a title are marked whole, whatever their case", () => {
  const wanted = wordsOf("how to Cancel it", "was cancelled", [[4, 13]]);
  equal(marks(words("CANCEL, cancelled, cancellation: how", wanted)), ["CANCEL", "cancelled", "how"], "marks");
});

test("odd texts and ranges make snippets", () => {
  for (const text of ["", "a\n\t b", "x".repeat(5000), "🙂".repeat(2000), "\u0000\ud800", "é".repeat(900)]) {
    for (const range of [[], [[0, 1]], [[3, 2]], [[4990, 6000]], [[1, 3], [2, 5]]] as [number, number][][]) {
      const got = plain(snippet(text, range, 240));
      if (text.length <= 240) equal(got, text, "text");
      else if (got.length > 250) throw new Error(`a snippet of ${got.length} characters`);
      if (!text.includes("\ud800") && /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(got)) throw new Error("half a character");
    }
  }
});

test("addresses are shown as steps", () => {
  equal(where("https://pkg.go.dev/net/http#Client"), "pkg.go.dev › net › http", "another site");
  equal(where("/guide/first%20steps/index.html"), "guide › first steps", "this site");
  equal(where("javascript:alert(1)"), "", "no page");
  equal(where("/%zz"), "/%zz", "broken escapes");
  equal(where(""), "", "none");
});

test("headings don't repeat the page's title", () => {
  equal(below("bufio.Reader", "bufio.Reader.ReadLine"), "ReadLine", "a part of it");
  equal(below("Guide", "Guide: first steps"), "first steps", "a colon");
  equal(below("Guide", "Guide"), "", "the title itself");
  equal(below("Guide", "Guides"), "Guides", "another word");
  equal(below("", "Guide"), "Guide", "no title");
});
