/** The web component <effir-search>. Loading this script defines it. */
import { EffirSearch } from "./element.ts";

export { EffirSearch } from "./element.ts";
export type { Selection } from "./events.ts";
export type { Engine } from "./source.ts";
export type { Plural, Strings } from "./strings.ts";
export { createIndex, open } from "../src/index.ts";
export type * from "../src/types.ts";

if (!customElements.get("effir-search")) customElements.define("effir-search", EffirSearch);
