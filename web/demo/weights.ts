import type { Kernels } from "../src/types.ts";
import { byId, element } from "./dom.ts";
import { bytes } from "./format.ts";

/** A file that the engine loads, and the bytes that the server sends for it. */
interface Weight {
  name: string;
  what: string;
  bytes: number;
}

const files: [name: string, what: string][] = [
  ["search.js", "page, component and client"],
  ["worker.js", "engine’s script"],
  ["guest.wasm", "engine"],
  ["index/index.json", "index’s entry"],
  ["model/model.json", "model’s entry"],
];

/** showWeights asks the server how large the parts are as sent, and lists them with the model. */
export async function showWeights(modelBytes: number, kernels: Kernels = "relaxed"): Promise<void> {
  const all = [...files, [`kernels_${kernels}.wasm`, "kernels"] as const];
  const known = await Promise.all(all.map(async ([name, what]): Promise<Weight> => ({ name, what, bytes: await size(name) })));
  if (modelBytes > 0) known.push({ name: "model/", what: "model, once, then from the cache", bytes: modelBytes });
  const sum = known.reduce((total, part) => total + part.bytes, 0);
  const rows = known.map((part) => {
    const bar = element("i", "bar");
    bar.style.setProperty("--share", (part.bytes / Math.max(1, sum)).toFixed(4));
    return element("tr", "", element("th", "", part.name), element("td", "what", part.what), element("td", "number", part.bytes > 0 ? bytes(part.bytes) : "not told"), element("td", "lane", bar));
  });
  for (const row of rows) row.querySelector("th")!.scope = "row";
  byId("weights").replaceChildren(...rows);
}

async function size(name: string): Promise<number> {
  try {
    const response = await fetch(name, { method: "HEAD" });
    return response.ok ? Number(response.headers.get("Content-Length") ?? 0) : 0;
  } catch {
    return 0;
  }
}
