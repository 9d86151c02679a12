export { open } from "./client.ts";
export { createIndex } from "./local.ts";
export { registerOffline, type OfflineOptions } from "./offline.ts";
export type * from "./types.ts";
