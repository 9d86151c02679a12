/** A part of a document, short enough to be embedded as a whole. */
export interface Part {
  heading: string;
  text: string;
}

/** About 256 tokens of English; a letter of a script without spaces is a token or more. */
const MOST = 1000;
const WIDE = 3;

/**
 * divide cuts a text at its headings, as Markdown writes them, then at paragraphs,
 * and paragraphs that are too long at the ends of sentences or words. A text
 * without any is one empty part.
 */
export function divide(text: string): Part[] {
  const parts: Part[] = [];
  let heading = "";
  let held = "";
  const close = (): void => {
    if (held.trim() !== "") parts.push({ heading, text: held.trim() });
    held = "";
  };
  for (const section of sections(text)) {
    heading = section.heading;
    for (const paragraph of section.text.split(/\n\s*\n/)) {
      for (const piece of pieces(paragraph)) {
        if (cost(held) + cost(piece) > MOST) close();
        held += (held && "\n\n") + piece;
      }
    }
    close();
  }
  return parts.length > 0 ? parts : [{ heading, text: "" }];
}

/** sections divides at Markdown headings, which do not stand in code fences. */
function sections(text: string): Part[] {
  if (!/^ {0,3}#/m.test(text)) return [{ heading: "", text }];
  const list: Part[] = [{ heading: "", text: "" }];
  let fenced = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^ {0,3}(?:```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? null : /^ {0,3}#{1,6}\s+(.*?)[\s#]*$/.exec(line);
    if (heading) list.push({ heading: heading[1]!, text: "" });
    else list.at(-1)!.text += `${line}\n`;
  }
  return list;
}

/** pieces cuts a paragraph into stretches of at most MOST. */
function* pieces(paragraph: string): Generator<string> {
  for (let rest = paragraph.trim(); rest !== ""; ) {
    const fits = rest.slice(0, fitting(rest));
    const end = fits.length === rest.length ? fits.length : lastBreak(fits);
    yield rest.slice(0, end).trim();
    rest = rest.slice(end).trimStart();
  }
}

/** lastBreak returns where to cut: behind the last sentence or word in the second half, else anywhere but inside a character. */
function lastBreak(fits: string): number {
  for (const end of [/^(?:[.!?]\s|[。！？])/, /^\s/]) {
    for (let at = fits.length - 2; at >= fits.length >> 1; at--) if (end.test(fits.slice(at, at + 2))) return at + 1;
  }
  return /[\ud800-\udbff]$/.test(fits) ? fits.length - 1 : fits.length;
}

/** fitting returns how many units of a text cost no more than MOST. */
function fitting(text: string): number {
  let sum = 0;
  let at = 0;
  while (at < text.length && sum < MOST) sum += text.charCodeAt(at++) >= 0x2e80 ? WIDE : 1;
  return at;
}

function cost(text: string): number {
  return text.length + (WIDE - 1) * (text.match(/[\u2e80-\uffff]/g)?.length ?? 0);
}
