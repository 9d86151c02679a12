import type { Results } from "../src/types.ts";
import { byId, setText } from "./dom.ts";
import { bytes, count, milliseconds } from "./format.ts";

const NOTHING = "–";

/** showReceipt lists what the search on the screen took. Its lines are always there, so that nothing moves. */
export function showReceipt(results: Results | undefined): void {
  const { keyword, embed, scan, fetch } = results?.timings ?? {};
  const line = (id: string, value: number | undefined): void => setText(byId(`took-${id}`), value === undefined ? NOTHING : milliseconds(value));
  line("fetch", fetch);
  line("keyword", keyword);
  line("embed", embed);
  line("scan", scan);
  const { files, bytes: size } = results?.transferred ?? { files: 0, bytes: 0 };
  setText(byId("took-bytes"), results ? (files === 0 ? "none" : `${bytes(size)}, ${count(files, "file")}`) : NOTHING);
  setText(byId("took-tokens"), results?.tokens ? String(results.tokens) : NOTHING);
}
