import type { Selection } from "../component/index.ts";
import { byId, element, setText } from "./dom.ts";

/** showPassage opens what was found in a local file: it has no page of its own. */
export function showPassage({ hit, passage }: Selection): void {
  const dialog = byId<HTMLDialogElement>("reader");
  setText(byId("reader-title"), hit.title);
  setText(byId("reader-path"), hit.id ?? "");
  byId("reader-text").replaceChildren(
    ...hit.passages.map(({ id, heading, text, highlights }) => {
      const parts: (Node | string)[] = [];
      let at = 0;
      for (const [start, end] of highlights) {
        parts.push(text.slice(at, start), element("mark", "", text.slice(start, end)));
        at = end;
      }
      const block = element("div", id === passage?.id ? "chosen" : "");
      block.dir = "auto"; // files may be in any language
      if (heading && heading !== hit.title) block.append(element("h3", "", heading));
      block.append(element("p", "", ...parts, text.slice(at)));
      return block;
    }),
  );
  dialog.showModal();
}
