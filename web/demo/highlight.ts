/** A stretch of text that matches a word of the query, or does not. */
export interface Piece {
  text: string;
  mark: boolean;
}

const SNIPPET = 240; // characters, about three lines

// Words and the parts of identifiers: "HTTPServer" is "HTTP" and "Server".
const WORD = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+|\p{L}+/gu;

const STOP = new Set(
  "a an and are as at be by can do does for from have how i in into is it its my of on or our that the their there this to too was what when where which who why will with you your".split(" "),
);

interface Match {
  start: number;
  end: number;
  stem: string;
}

/** snippet cuts the part of a passage that has most of the query's words and marks them. White space is one space. */
export function snippet(passage: string, query: string): Piece[] {
  const text = passage.replace(/\s+/g, " ").trim();
  const found = matches(text, query);
  if (text.length <= SNIPPET) return pieces(text, found, 0, text.length);

  let best = { start: 0, value: -1 };
  for (const first of [{ start: 0 }, ...found]) {
    const inside = found.filter((m) => m.start >= first.start && m.end <= first.start + SNIPPET);
    // Different words count for more than one word again and again.
    const value = 10 * new Set(inside.map((m) => m.stem)).size + Math.min(inside.length, 9);
    if (value > best.value) best = { start: first.start, value };
  }
  const start = wordStart(text, Math.max(0, Math.min(best.start - 40, text.length - SNIPPET)));
  let end = Math.min(text.length, start + SNIPPET);
  if (end < text.length) end = Math.max(text.lastIndexOf(" ", end), start + SNIPPET / 2);
  const cut = pieces(text, found, start, end);
  if (start > 0) cut.unshift({ text: "… ", mark: false });
  if (end < text.length) cut.push({ text: " …", mark: false });
  return cut;
}

/** marked returns the whole text with the query's words marked. */
export function marked(text: string, query: string): Piece[] {
  return pieces(text, matches(text, query), 0, text.length);
}

/**
 * matches finds words of the text that share their stem with a word of the
 * query, or begin with its last, perhaps unfinished one. It only paints: which
 * passages match is decided by the index.
 */
function matches(text: string, query: string): Match[] {
  const words = query.match(WORD) ?? [];
  const content = words.filter((word) => !STOP.has(word.toLowerCase()));
  const stems = new Set((content.length > 0 ? content : words).map(stem));
  const last = /[\p{L}\p{N}]$/u.test(query) ? (content.at(-1) ?? "").toLowerCase() : "";
  const found: Match[] = [];
  for (const match of text.matchAll(WORD)) {
    const word = match[0];
    const root = stem(word);
    const begins = last.length > 1 && word.toLowerCase().startsWith(last);
    if (stems.has(root) || begins) found.push({ start: match.index, end: match.index + word.length, stem: root });
  }
  return found;
}

/** stem takes common English endings off a word. */
function stem(word: string): string {
  const root = word.toLowerCase().replace(/(?<=...)(?:ations?|ions?|ings?|ed|ers?|es|e|s)$/, "");
  return root.replace(/([^aeiou])\1$/, "$1");
}

function wordStart(text: string, at: number): number {
  return at === 0 ? 0 : text.indexOf(" ", at) + 1;
}

function pieces(text: string, found: Match[], start: number, end: number): Piece[] {
  const list: Piece[] = [];
  let at = start;
  for (const match of found) {
    if (match.start < at || match.end > end) continue;
    if (match.start > at) list.push({ text: text.slice(at, match.start), mark: false });
    const last = list.at(-1);
    const word = text.slice(match.start, match.end);
    if (last?.mark) last.text += word; // parts of one identifier
    else list.push({ text: word, mark: true });
    at = match.end;
  }
  if (at < end) list.push({ text: text.slice(at, end), mark: false });
  return list;
}
