import type { LocalDocument } from "../src/types.ts";
import { bytes } from "./format.ts";
import type { Picked } from "./picking.ts";

/** A file that is left out, and why. */
export interface Skipped {
  path: string;
  why: string;
}

const TEXT = /\.(?:md|markdown|mdx|txt|text|rst|adoc|org|tex|log|csv)$/i;
const MOST_BYTES = 4e6; // of a file
const MOST_TOTAL = 100e6; // of all files at once

/** read reads files of Markdown or plain text; others are named as skipped, with the reason. */
export async function read(
  picked: Picked[],
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<{ documents: LocalDocument[]; skipped: Skipped[] }> {
  const documents: LocalDocument[] = [];
  const skipped: Skipped[] = [];
  let total = 0;
  for (const [i, pick] of picked.entries()) {
    signal.throwIfAborted();
    const { path } = pick;
    const text = "error" in pick ? unreadable(pick.error) : TEXT.test(path) ? await decode(pick.file, total) : { why: "is neither Markdown nor text" };
    if (typeof text === "string") {
      if ("file" in pick) total += pick.file.size;
      documents.push(document(path, text));
    } else {
      skipped.push({ path, why: text.why });
    }
    progress(i + 1);
  }
  return { documents, skipped };
}

/** document makes what is indexed of a file: the first heading is the title, marks of Markdown are left out. */
export function document(path: string, content: string): LocalDocument {
  const name = path.split("/").at(-1) ?? path;
  if (!/\.(?:md|markdown|mdx)$/i.test(path)) return { id: path, title: name, text: content };
  const body = content.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, ""); // front matter
  const heading = /^#\s+(.+?)\s*#*$/m.exec(body);
  const text = heading ? body.slice(0, heading.index) + body.slice(heading.index + heading[0].length) : body;
  return { id: path, title: plain(heading?.[1] ?? name).trim(), text: plain(text).trim() };
}

/** plain takes the marks off Markdown, so that excerpts read as prose. */
export function plain(markdown: string): string {
  return markdown
    .replace(/^(?:```|~~~).*$/gm, "") // fences; the code stays
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/!?\[([^\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+"[^"]*")?\)/g, "$1") // links and pictures
    .replace(/^\s{0,3}#{1,6}\s+(.+?)\s*#*$/gm, "$1")
    .replace(/^\s{0,3}>\s?/gm, "")
    .replace(/^(\s*)(?:[-*+]|\d+[.)])\s+/gm, "$1")
    .replace(/(\*\*|__)(?=\S)(.+?)\1/g, "$2")
    .replace(/(^|[^\w*])[*_](?=\S)([^*_\n]+?)[*_](?!\w)/g, "$1$2")
    .replace(/`([^`\n]+)`/g, "$1");
}

async function decode(file: File, total: number): Promise<string | { why: string }> {
  if (file.size === 0) return { why: "is empty" };
  if (file.size > MOST_BYTES) return { why: `is larger than ${bytes(MOST_BYTES)}` };
  if (total + file.size > MOST_TOTAL) return { why: `would make more than ${bytes(MOST_TOTAL)} at once; add it afterwards` };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? { why: "holds bytes that are no text" } : text;
  } catch (thrown) {
    return thrown instanceof TypeError ? { why: "is not UTF-8 text" } : unreadable(thrown as Error);
  }
}

function unreadable({ message }: Error): { why: string } {
  return { why: `cannot be read (${message})` };
}
