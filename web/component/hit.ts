import type { Hit, Mode, PassageHit } from "../src/types.ts";
import { make, safe } from "./dom.ts";
import { type Piece, snippet, words, wordsOf } from "./snippet.ts";
import type { Words } from "./strings.ts";

/** What an option of the list leads to. */
export interface Entry {
  hit: Hit;
  passage: PassageHit | undefined;
  /** Absolute; undefined where the index names no address that may be opened. */
  url: string | undefined;
}

/** How hits are drawn: found for a query, with the places that the rankers gave if ranks. */
export interface Drawing {
  query: string;
  mode: Mode;
  ranks: boolean;
  language: Words;
}

const BEST = 220; // characters of the best passage, about two lines
const OTHER = 110; // of a further one, cut to one line by style

/**
 * Block is a hit as the list shows it, drawn when it is first asked for. A page with
 * one passage is one option, which leads to that passage; further passages are
 * options below it, in a group.
 */
export class Block {
  /** Blocks with the same signature look the same. */
  readonly signature: string;
  /** How many options it has. */
  readonly size: number;
  private element: HTMLElement | undefined;
  private readonly drawn: { option: HTMLElement; entry: Entry }[] = [];

  constructor(readonly hit: Hit, private readonly drawing: Drawing) {
    const { query, mode, ranks } = drawing;
    this.signature = JSON.stringify([query, ranks && mode, hit.page, hit.title, ranks && [hit.keywordRank, hit.semanticRank], hit.passages]);
    this.size = Math.max(1, hit.passages.length);
  }

  get root(): HTMLElement {
    return (this.element ??= this.draw());
  }

  /** Its options with what they lead to, the page's own first. */
  get options(): { option: HTMLElement; entry: Entry }[] {
    this.element ??= this.draw();
    return this.drawn;
  }

  private draw(): HTMLElement {
    const [best, ...others] = this.hit.passages;
    const title = this.hit.title || where(this.hit.url) || this.hit.url;
    const root = make("div", others.length > 0 ? { class: "hit", part: "hit", role: "group", "aria-label": title } : { class: "hit", part: "hit", role: "none" });
    root.append(this.main(best, title), ...others.map((passage) => this.further(passage)));
    return root;
  }

  /** main is the option of the page and its best passage. */
  private main(best: PassageHit | undefined, title: string): HTMLElement {
    const { hit, drawing: { query, mode, ranks, language } } = this;
    const found = wordsOf(query, best?.text ?? "", best?.highlights ?? []);
    const heading = below(title, best?.heading ?? "");
    const image = hit.image ? safe(hit.image) : undefined;
    const option = this.option(best, safe(best?.url || hit.url), image ? "main pictured" : "main");
    if (image) {
      const picture = make("img", { class: "image", part: "image", src: image, alt: "", width: 48, height: 48, loading: "lazy" });
      picture.addEventListener("error", () => (picture.style.visibility = "hidden")); // without shifting the text
      option.append(picture);
    }
    const name = make("span", { class: "name" }, text("title", words(title, found)));
    if (heading) name.append(make("i", { class: "step", "aria-hidden": "true" }), text("heading", words(heading, found)));
    if (ranks) name.append(badge(hit, mode !== "keyword", language));
    option.append(name);
    const address = where(hit.url);
    if (address && hit.title) option.append(make("span", { class: "url", part: "url", dir: "ltr" }, address));
    if (best?.text) option.append(text("snippet", snippet(best.text, best.highlights, BEST)));
    return option;
  }

  /** further is the option of another passage of the same page. */
  private further(passage: PassageHit): HTMLElement {
    const { hit, drawing: { query } } = this;
    const option = this.option(passage, safe(passage.url || hit.url), "further");
    const heading = below(hit.title, passage.heading) || passage.heading;
    if (heading) option.append(text("heading", words(heading, wordsOf(query, passage.text, passage.highlights))));
    option.append(text("snippet", snippet(passage.text, passage.highlights, OTHER)));
    return option;
  }

  /** option is a link, so that it opens as links do; its key is the passage, so that a choice survives new results. */
  private option(passage: PassageHit | undefined, url: string | undefined, kind: string): HTMLElement {
    const { hit } = this;
    const option = make(url ? "a" : "div", {
      id: passage ? `passage-${passage.id}` : `page-${hit.page}`,
      class: kind,
      part: `option ${kind}`,
      role: "option",
      "aria-selected": "false",
      href: url,
      tabindex: url ? -1 : undefined, // reached by arrow keys
      lang: hit.language || undefined,
    });
    this.drawn.push({ option, entry: { hit, passage, url } });
    return option;
  }
}

/** where writes an address as a reader sees it: host only of other sites, steps of the path, no file endings. */
export function where(url: string): string {
  if (!url) return "";
  try {
    const { origin, host, pathname, protocol } = new URL(url, document.baseURI);
    if (!protocol.startsWith("http")) return "";
    const steps = decodeURI(pathname).split("/").filter((step) => step !== "" && !/^index\.html?$/.test(step));
    return [...(origin === location.origin ? [] : [host]), ...steps.map((step) => step.replace(/\.html?$/, ""))].join(" › ");
  } catch {
    return url;
  }
}

/** below leaves out of a heading the page's title that it begins with, or is: "Reader.Read" below "Reader" is "Read". */
export function below(title: string, heading: string): string {
  if (!title || !heading.startsWith(title)) return heading;
  const rest = heading.slice(title.length);
  return /^[\p{L}\p{N}]/u.test(rest) ? heading : rest.replace(/^[\s.:›/|–-]+/u, "");
}

/** badge shows the places by words and by meaning as two overlapping discs. */
function badge({ keywordRank, semanticRank }: Hit, fused: boolean, language: Words): HTMLElement {
  const { strings } = language;
  const said: string[] = [];
  if (keywordRank > 0) said.push(language.fill(strings.wordRank, { n: keywordRank }));
  if (semanticRank > 0) said.push(language.fill(strings.meaningRank, { n: semanticRank }));
  const disc = (kind: string, rank: number, known: boolean): HTMLElement =>
    make("span", { class: `disc ${kind}`, part: `rank-${kind}`, "data-state": rank > 0 ? "placed" : known ? "absent" : "unknown" }, rank > 99 ? "99+" : rank > 0 ? String(rank) : "");
  const discs = make("span", { class: "ranks", part: "ranks", title: said.join(", ") });
  if (said.length > 0) {
    discs.setAttribute("role", "img");
    discs.setAttribute("aria-label", said.join(", "));
  }
  discs.append(disc("keyword", keywordRank, true), disc("meaning", semanticRank, fused));
  return discs;
}

/**
 * text shows a text of the site. Its direction is its own, whatever the page's is;
 * where it begins on the line is the page's, see style.ts.
 */
function text(name: "title" | "heading" | "snippet", parts: Piece[]): HTMLElement {
  return make("span", { class: name, part: name, dir: "auto" }, ...parts.map(({ text, mark }) => (mark ? make("mark", { part: "mark" }, text) : text)));
}
