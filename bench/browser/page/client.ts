/** EffiR as sites use it: the client library over the index of a small site. */
import type { open, Search } from "../../../web/src/index.ts";
import type { System } from "./system.ts";

let search: Search;

export const client: System = {
  async load({ site, threads }) {
    const library = new URL("/runtime/effir.js", location.href).href;
    const effir = (await import(library)) as { open: typeof open };
    search = await effir.open(`/sites/${site}/`, { model: `/models/effir/${site}/`, meaning: "always", ...(threads !== undefined && { threads: Number(threads) }) });
  },
  async embed(text) {
    const [vector] = await search.embed([text], { kind: "passage" });
    return vector!;
  },
  embedAll: (texts) => search.embed(texts, { kind: "passage" }),
};
