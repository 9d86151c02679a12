/** fold lower-cases a word, removes the diacritics of Latin letters and writes every apostrophe as '. */
export function fold(word: string): string {
  if (/^[0-9a-z._']*$/.test(word)) return word;
  if (/^[0-9A-Za-z._']*$/.test(word)) return word.toLowerCase();
  let out = "";
  for (const char of word) {
    if (!COMBINING.test(char)) out += SPELLED[char] ?? base(lower(char));
  }
  return out;
}

const COMBINING = /[\u0300-\u036f]/;
const SPELLED: Record<string, string> = { "’": "'", "ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe" };

/**
 * lower is Unicode's simple case mapping, one character for one. toLowerCase
 * differs from it in U+0130 alone, to which it adds a combining dot.
 */
function lower(char: string): string {
  const mapped = char.toLowerCase();
  return mapped.length > char.length ? mapped[0]! : mapped;
}

// What the lower-case letters of Latin-1 and Latin Extended-A from U+00DF on are
// variants of, one byte each; '-' keeps the letter.
const BASES =
  "-aaaaaa-ceeeeiiii-nooooo-ouuuuy-y" +
  "-a-a-a-c-c-c-c-d-d-e-e-e-e-e-g-g-g-g-h-h-i-i-i-i-i---j-k-" +
  "-l-l-l---l-n-n-n----o-o-o---r-r-r-s-s-s-s-t-t-t-u-u-u-u-u-u-w-y--z-z-z";

function base(letter: string): string {
  const found = BASES[letter.charCodeAt(0) - 0xdf];
  return found === undefined || found === "-" ? letter : found;
}
