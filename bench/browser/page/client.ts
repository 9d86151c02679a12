/** EffiR as sites use it: the client library over the index of a small site. */
import type { open, Search } from "../../../web/src/index.ts";
import type { System } from "./system.ts";

let search: Search;

const PATIENCE = 20_000; // milliseconds

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
  choice: () => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the client never said how its kernels multiply")), PATIENCE);
    search.onStatus(({ kernels, products }) => {
      if (kernels === "baseline") resolve(kernels);
      else if (kernels && products) resolve(`${kernels}, ${products}`);
    });
  }),
};
