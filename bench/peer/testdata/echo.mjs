import { each, serve } from "../serve.mjs";

await serve({
  add: ({ a, b }) => a + b,
  nothing: () => {},
  fail: () => { console.error("a note"); throw new Error("no such luck"); },
  end: () => process.exit(3),
  noisy: () => { console.log("a library's greeting"); return "heard"; },
  each: ({ items }) => each(items, () => {}),
});
