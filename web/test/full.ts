/** What happens when the browser has no room left for the page's origin; see TestClientWithFullStorage. */
import { createIndex, open } from "../src/index.ts";
import type { Results } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";
import { place, requests } from "./place.ts";

export { names, runOne } from "./harness.ts";

async function modes(results: AsyncIterable<Results>): Promise<string[]> {
  const list: string[] = [];
  for await (const { mode, final } of results) list.push(mode + (final ? " final" : ""));
  return list;
}

test("an index and a model work without being kept", async () => {
  const at = place();
  for (let visit = 1; visit <= 2; visit++) {
    const words = await open(at.words, { model: at.big });
    equal(await modes(words.search("cancel a request")), ["keyword final"], "modes");
    equal((await words.embed(["how do I cancel a request?"]))[0]!.length, 384, "a vector");
    words.close();
    const tiny = await open(at.index, { model: at.model });
    equal(await modes(tiny.search("cancel a request")), ["keyword", "fused final"], "modes");
    tiny.close();
  }
  const chunks = (await requests(at.big)).filter(({ path }) => path.endsWith(".bin"));
  if (chunks.length < 8) throw new Error(`${chunks.length} requests: the model was kept after all`);
});

test("documents that find no room are refused, and those before are kept", async () => {
  const name = `full ${Date.now()}`;
  const options = { runtime: "/", meaning: "never" as const };
  const index = await createIndex(name, options);
  await index.add([{ id: "small", text: "a small note" }]);
  const large = Array.from({ length: 900_000 }, (_, i) => `word${i}`).join(" ");
  await fails(index.add([{ id: "large", text: large }]), "no room", "what was added before is kept");
  equal(index.size, 1, "documents");
  await index.add([{ id: "other", text: "another small note" }]);
  index.close();
  const again = await createIndex(name, options);
  equal((await again.documents()).map(({ id }) => id), ["small", "other"], "documents after a reload");
  again.close();
});
