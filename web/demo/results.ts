import type { Hit, Results } from "../src/types.ts";
import { byId, element } from "./dom.ts";
import { type Piece, marked, snippet } from "./highlight.ts";
import { score } from "./strings.ts";

const list = byId<HTMLOListElement>("results");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * show replaces the list. Passages that were in it before move from their old
 * places to the new ones, so that one sees what the second ranker changed.
 */
export function show({ hits, query }: Results): void {
  const before = new Map<string, number>();
  for (const item of list.children) before.set(item.id, item.getBoundingClientRect().top);
  list.replaceChildren(...hits.map((hit, i) => row(hit, i, query)));
  if (calm.matches || before.size === 0) return;
  for (const item of list.children) {
    const old = before.get(item.id);
    const shift = old === undefined ? undefined : old - item.getBoundingClientRect().top;
    if (shift === 0) continue;
    const from = shift === undefined ? { opacity: 0 } : { transform: `translateY(${shift}px)` };
    item.animate([from, {}], { duration: 240, easing: "cubic-bezier(0.2, 0, 0, 1)" });
  }
}

/** clear empties the list. */
export function clear(): void {
  list.replaceChildren();
}

function row(hit: Hit, i: number, query: string): HTMLLIElement {
  const item = element(
    "li", "hit",
    element("span", "place", String(i + 1)),
    element("div", "passage",
      element("h3", "", link(hit, query), ...(hit.section ? [element("span", "section", hit.section)] : [])),
      element("p", "source", hit.url),
      element("p", "snippet", ...paint(snippet(hit.text, query))),
    ),
    element("div", "ranks",
      badge("keyword", hit.keywordRank),
      badge("meaning", hit.semanticRank),
      element("span", "score", "score ", element("b", "", score(hit))),
    ),
  );
  item.id = `hit-${hit.doc}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  return item;
}

function link(hit: Hit, query: string): HTMLElement {
  const title = paint(marked(hit.title || hit.url, query));
  const href = safe(hit.url);
  if (!href) return element("span", "title", ...title);
  const anchor = element("a", "title", ...title);
  anchor.href = href;
  anchor.tabIndex = -1; // reached by arrow keys
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}

function badge(ranker: "keyword" | "meaning", rank: number): HTMLElement {
  const made = element("span", `badge ${ranker}`, ranker, " ", element("b", "", rank > 0 ? `#${rank}` : "–"));
  if (rank === 0) made.classList.add("absent");
  made.title = rank > 0 ? `place ${rank} by ${ranker}` : `not found by ${ranker}`;
  return made;
}

function paint(parts: Piece[]): (Node | string)[] {
  return parts.map(({ text, mark }) => (mark ? element("mark", "", text) : text));
}

/** safe returns a URL that leads to a page, not to a script: a bundle may come from anywhere. */
function safe(url: string): string | undefined {
  try {
    const { protocol, href } = new URL(url, document.baseURI);
    return protocol === "https:" || protocol === "http:" ? href : undefined;
  } catch {
    return undefined;
  }
}
