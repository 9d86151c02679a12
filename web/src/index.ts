export { Search, open } from "./client.ts";
export type * from "./types.ts";
