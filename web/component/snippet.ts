/** A stretch of text that matches the query, or does not. */
export interface Piece {
  text: string;
  mark: boolean;
}

type Range = [start: number, end: number];

const BEFORE = 40; // characters shown before the first match

/**
 * snippet cuts about `length` characters out of a text where most different
 * words are highlighted. Ranges are in UTF-16 units, ascending.
 */
export function snippet(text: string, highlights: Range[], length: number): Piece[] {
  if (text.length <= length) return pieces(text, highlights, 0, text.length);
  const from = Math.max(0, Math.min(densest(text, highlights, length) - BEFORE, text.length - length));
  const start = wordStart(text, from);
  const end = wordEnd(text, Math.min(text.length, start + length), start);
  const cut = pieces(text, highlights, start, end);
  if (start > 0) cut.unshift({ text: "… ", mark: false });
  if (end < text.length) cut.push({ text: " …", mark: false });
  return cut;
}

/**
 * words marks those words of a title or heading that stand in the query or are
 * highlighted in the passage: the index gives ranges for the passage's text only.
 */
export function words(text: string, wanted: Set<string>): Piece[] {
  const ranges: Range[] = [];
  for (const match of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    if (wanted.has(match[0].toLowerCase())) ranges.push([match.index, match.index + match[0].length]);
  }
  return pieces(text, ranges, 0, text.length);
}

/** wordsOf collects what `words` needs. */
export function wordsOf(query: string, text: string, highlights: Range[]): Set<string> {
  const found = new Set<string>();
  for (const [word] of query.matchAll(/[\p{L}\p{N}]{3,}/gu)) found.add(word.toLowerCase());
  for (const [start, end] of highlights) found.add(text.slice(start, end).toLowerCase());
  return found;
}

/** densest returns the start of the highlight from which on most different words lie in `length` characters. */
function densest(text: string, highlights: Range[], length: number): number {
  let best = 0;
  let most = -1;
  for (const [first] of highlights) {
    const inside = highlights.filter(([start, end]) => start >= first && end <= first + length - BEFORE);
    const different = new Set(inside.map(([start, end]) => text.slice(start, end).toLowerCase())).size;
    const value = 10 * different + Math.min(inside.length, 9); // different words count for more than repeated ones
    if (value > most) [best, most] = [first, value];
  }
  return best;
}

function wordStart(text: string, at: number): number {
  if (at === 0) return 0;
  const space = text.slice(at, at + BEFORE).search(/\s/);
  return space < 0 ? whole(text, at) : at + space + 1;
}

function wordEnd(text: string, at: number, start: number): number {
  if (at >= text.length) return text.length;
  const space = text.lastIndexOf(" ", at);
  return space > start + (at - start) / 2 ? space : whole(text, at);
}

/** whole moves a cut out of the middle of a surrogate pair. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}

function pieces(text: string, ranges: Range[], start: number, end: number): Piece[] {
  const list: Piece[] = [];
  let at = start;
  for (const [from, to] of ranges) {
    if (from < at || to > end || to <= from) continue;
    if (from > at) list.push({ text: text.slice(at, from), mark: false });
    const last = list.at(-1);
    if (last?.mark) last.text += text.slice(from, to); // parts of one identifier
    else list.push({ text: text.slice(from, to), mark: true });
    at = to;
  }
  if (at < end) list.push({ text: text.slice(at, end), mark: false });
  return list;
}
