import { type Piece, marked, snippet } from "../demo/highlight.ts";
import { equal, test } from "./harness.ts";

const marks = (parts: Piece[]): string[] => parts.filter((part) => part.mark).map((part) => part.text);
const plain = (parts: Piece[]): string => parts.map((part) => part.text).join("");

test("words are marked by stem, in identifiers too, and stop words are not", () => {
  const text = "WithCancel returns a context that can be cancelled; CancelFunc cancels it. Cancellation of the HTTPRequest.";
  const got = marked(text, "how to cancel the request");
  equal(plain(got), text, "text");
  equal(marks(got), ["Cancel", "cancelled", "Cancel", "cancels", "Cancellation", "Request"], "marks");
});

test("parts of one identifier make one mark", () => {
  equal(marks(marked("Transport.CancelRequest", "cancel request")), ["CancelRequest"], "marks");
});

test("the last word may be unfinished", () => {
  equal(marks(marked("goroutines and channels", "gorou")), ["goroutines"], "marks");
  equal(marks(marked("goroutines and channels", "gorou ")), [], "marks after a space");
});

test("a query of stop words alone is marked", () => {
  equal(marks(marked("to be or not", "to be")), ["to", "be"], "marks");
});

test("a snippet shows where the words are", () => {
  const filler = "lorem ipsum dolor sit amet ".repeat(40);
  const got = snippet(`${filler}close the file after reading ${filler}`, "reading files");
  equal(marks(got), ["file", "reading"], "marks");
  const length = plain(got).length;
  if (length > 260) throw new Error(`the snippet has ${length} characters`);
});

test("odd texts make snippets", () => {
  for (const text of ["", "a\n\t b", "x".repeat(5000), "🙂".repeat(2000), "\u0000\ud800", "é".repeat(900)]) {
    for (const query of ["", "x", "🙂", ".*[", "\ud800"]) {
      const got = snippet(text, query);
      if (text.length <= 240) equal(plain(got), text.replace(/\s+/g, " "), "text");
      else if (plain(got).length > 250) throw new Error(`a snippet of ${plain(got).length} characters`);
    }
  }
});
