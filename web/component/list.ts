import type { Hit, PassageHit, Results } from "../src/types.ts";
import { make, safe, setAttribute } from "./dom.ts";
import { type Piece, snippet, words, wordsOf } from "./snippet.ts";
import type { Words } from "./strings.ts";

/** What an option of the list leads to. */
export interface Entry {
  hit: Hit;
  passage: PassageHit | undefined;
  /** Absolute; undefined where the index names no address that may be opened. */
  url: string | undefined;
}

const BEST = 220; // characters of the best passage, about two lines
const OTHER = 110; // of a further one, cut to one line by style

const AT_ONCE = 2; // hits made in one frame

/**
 * List shows hits as a listbox. A page with one passage is one option, which
 * leads to that passage; further passages are options below it, in a group.
 *
 * Showing other results never moves what stays on the screen: hits are taken
 * over from the start of the list as long as they are the same, and all behind
 * the first that differs are new elements. They are made a few in each frame, so
 * that typing is not held up by their layout; meanwhile the list keeps its height.
 */
export class List {
  private readonly entries = new WeakMap<Element, Entry>();
  private readonly signatures = new WeakMap<Element, string>();

  private rest: (() => HTMLElement)[] = []; // hits that are still to be made
  private frame = 0;

  constructor(readonly root: HTMLElement) {}

  /** All options; those that are still to be made are made now. */
  get options(): HTMLElement[] {
    this.add(this.rest.length);
    return [...this.root.querySelectorAll<HTMLElement>("[role=option]")];
  }

  entry(option: Element): Entry | undefined {
    return this.entries.get(option);
  }

  /** show replaces the list, at once up to the hit of the page `keep`; ranks adds the places that each ranker gave. */
  show({ query, hits, mode }: Results, keep: number | undefined, ranks: boolean, language: Words): void {
    this.pause();
    const shown = [...this.root.children];
    let same = 0;
    const signatures = hits.map((hit) => JSON.stringify([query, ranks && mode, hit.page, hit.title, ranks && [hit.keywordRank, hit.semanticRank], hit.passages]));
    while (same < hits.length && same < shown.length && this.signatures.get(shown[same]!) === signatures[same]) same++;
    if (same < shown.length && !this.root.style.minBlockSize) this.root.style.minBlockSize = `${this.root.offsetHeight}px`;
    for (const old of shown.slice(same)) old.remove();

    const size = hits.reduce((sum, { passages }) => sum + Math.max(1, passages.length), 0);
    const first = this.number(this.root, 1, size);
    let place = first;
    this.rest = hits.slice(same).map((hit, i) => {
      const from = place;
      place += Math.max(1, hit.passages.length);
      return () => {
        const block = this.block(hit, query, ranks ? badge(hit, mode !== "keyword", language) : undefined);
        this.signatures.set(block, signatures[same + i]!);
        this.number(block, from, size);
        return block;
      };
    });
    this.root.hidden = hits.length === 0;
    this.add(Math.max(AT_ONCE, hits.findIndex((hit) => hit.page === keep) + 1 - same));
  }

  /** pause makes no more hits until the next show: it is called when newer results wait for their frame. */
  pause(): void {
    cancelAnimationFrame(this.frame);
  }

  clear(): void {
    this.pause();
    this.rest = [];
    this.root.replaceChildren();
    this.root.style.minBlockSize = "";
    this.root.hidden = true;
  }

  /** add makes some more hits, and has the others made in the frames that follow. */
  private add(count: number): void {
    this.pause();
    this.root.append(...this.rest.splice(0, count).map((make) => make()));
    if (this.rest.length > 0) this.frame = requestAnimationFrame(() => this.add(AT_ONCE));
    else if (this.root.style.minBlockSize) this.root.style.minBlockSize = "";
  }

  /** number says each option's place in the whole list, which its group would hide; it returns the next place. */
  private number(block: HTMLElement, from: number, size: number): number {
    for (const option of block.querySelectorAll("[role=option]")) {
      setAttribute(option, "aria-posinset", String(from++));
      setAttribute(option, "aria-setsize", String(size));
    }
    return from;
  }

  private block(hit: Hit, query: string, ranks: HTMLElement | undefined): HTMLElement {
    const [best, ...others] = hit.passages;
    const title = hit.title || where(hit.url) || hit.url;
    const block = make("div", others.length > 0 ? { class: "hit", part: "hit", role: "group", "aria-label": title } : { class: "hit", part: "hit", role: "none" });
    block.append(this.main(hit, best, title, query, ranks), ...others.map((passage) => this.further(hit, passage, query)));
    return block;
  }

  /** main is the option of the page and its best passage. */
  private main(hit: Hit, best: PassageHit | undefined, title: string, query: string, ranks: HTMLElement | undefined): HTMLElement {
    const found = wordsOf(query, best?.text ?? "", best?.highlights ?? []);
    const heading = below(title, best?.heading ?? "");
    const option = this.option({ hit, passage: best, url: safe(best?.url || hit.url) }, "main");
    const image = hit.image ? safe(hit.image) : undefined;
    if (image) {
      const picture = make("img", { class: "image", part: "image", src: image, alt: "", width: 48, height: 48, loading: "lazy" });
      picture.addEventListener("error", () => (picture.style.visibility = "hidden")); // without shifting the text
      option.append(picture);
    }
    const name = make("span", { class: "name" }, make("span", { class: "title", part: "title", dir: "auto" }, ...paint(words(title, found))));
    if (heading) name.append(make("span", { class: "heading", part: "heading", dir: "auto" }, ...paint(words(heading, found))));
    option.append(name);
    if (ranks) option.append(ranks);
    const address = where(hit.url);
    if (address && hit.title) option.append(make("span", { class: "url", part: "url", dir: "ltr" }, address));
    if (best?.text) option.append(make("span", { class: "snippet", part: "snippet", dir: "auto" }, ...paint(snippet(best.text, best.highlights, BEST))));
    return option;
  }

  /** further is the option of another passage of the same page. */
  private further(hit: Hit, passage: PassageHit, query: string): HTMLElement {
    const found = wordsOf(query, passage.text, passage.highlights);
    const option = this.option({ hit, passage, url: safe(passage.url || hit.url) }, "further");
    const heading = below(hit.title, passage.heading) || passage.heading;
    if (heading) option.append(make("span", { class: "heading", part: "heading", dir: "auto" }, ...paint(words(heading, found))));
    option.append(make("span", { class: "snippet", part: "snippet", dir: "auto" }, ...paint(snippet(passage.text, passage.highlights, OTHER))));
    return option;
  }

  /** option is a link, so that it opens as links do; its key is the passage, so that a choice survives new results. */
  private option(entry: Entry, kind: string): HTMLElement {
    const { hit, passage, url } = entry;
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
    this.entries.set(option, entry);
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

function paint(parts: Piece[]): (Node | string)[] {
  return parts.map(({ text, mark }) => (mark ? make("mark", { part: "mark" }, text) : text));
}
