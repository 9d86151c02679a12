import { byId, element, setText } from "./dom.ts";
import { count } from "./format.ts";

const SHOWN = 200; // rows; more would only make the page slow

/** showShelf lists the indexed files, each with a button that removes it. */
export function showShelf(documents: { id: string; title: string }[], remove: (id: string) => void): void {
  const rows = documents.slice(0, SHOWN).map(({ id, title }) => {
    const button = element("button", "remove", "×");
    button.type = "button";
    button.setAttribute("aria-label", `Remove ${id}`);
    button.title = "Remove";
    button.addEventListener("click", () => remove(id));
    const name = element("span", "file", element("b", "", title), element("span", "path", id));
    for (const text of name.querySelectorAll<HTMLElement>("b, .path")) text.dir = "auto";
    return element("li", "", name, button);
  });
  byId("shelf").replaceChildren(...rows);
  setText(byId("shelf-count"), documents.length === 0 ? "Nothing yet" : count(documents.length, "file"));
  const more = byId("shelf-more");
  more.hidden = documents.length <= SHOWN;
  setText(more, `and ${count(documents.length - SHOWN, "more file")}`);
}
