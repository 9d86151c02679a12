/** Several workers that embed: same bits, few texts by one, cancelled, and left by helpers that die. */
import { createIndex, open } from "../src/index.ts";
import { GuestError } from "../src/errors.ts";
import { Runtime } from "../src/runtime.ts";
import { Store } from "../src/content.ts";
import { Team, teamSize, type Outcome, type Supplies } from "../src/team.ts";
import type { Search } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";
import { place } from "./place.ts";

const sentence = "the tide brings sand and shells to the beach, and takes them away again ";
const texts = (n: number, words = 1): string[] => Array.from({ length: n }, (_, i) => `${i}: ${sentence.repeat(1 + ((i * words) % 5))}`);

/** most returns the greatest number of workers that a search's status tells of while work runs. */
async function most(search: Search, work: () => Promise<unknown>): Promise<number> {
  let threads = 1;
  const stop = search.onStatus((status) => (threads = Math.max(threads, status.threads ?? 1)));
  await work();
  stop();
  return threads;
}

test("texts get the same vectors in the same order from one worker and from three", async () => {
  const at = place();
  const many = texts(200);
  const one = await open(null, { runtime: "/", model: at.big, threads: 1 });
  let alone: Float32Array[] = [];
  equal(await most(one, async () => (alone = await one.embed(many))), 1, "workers when one is allowed");
  one.close();
  const three = await open(null, { runtime: "/", model: at.big, threads: 3 });
  let together: Float32Array[] = [];
  equal(await most(three, async () => (together = await three.embed(many))), 3, "workers when three are");
  equal(together.length, many.length, "vectors");
  alone.forEach((vector, i) => equal([...together[i]!], [...vector], many[i]!));
  if (three.status.memory < 3 * 14e6) throw new Error(`${three.status.memory} bytes of memory for three models of 14 MB`);
  three.close();
});

test("few texts are embedded by one worker", async () => {
  const search = await open(null, { runtime: "/", model: place().model, threads: 4 });
  equal(await most(search, () => search.embed(texts(9))), 1, "workers");
  search.close();
});

test("what many workers embed can be cancelled, and goes on afterwards", async () => {
  const search = await open(null, { runtime: "/", model: place().big, threads: 2 });
  const stop = new AbortController();
  const off = search.onStatus(({ threads = 1 }) => threads > 1 && stop.abort());
  await fails(search.embed(texts(3000), { signal: stop.signal }), "AbortError");
  off();
  equal((await search.embed(texts(20))).length, 20, "vectors");
  search.close();
});

test("documents of a local index are embedded by many workers, all of them", async () => {
  const index = await createIndex(`team ${Date.now()}`, { runtime: "/", model: place().big, threads: 2 });
  let threads = 1;
  const off = index.onStatus((status) => (threads = Math.max(threads, status.threads ?? 1)));
  let last = { embedded: 0, passages: -1 };
  await index.add([...texts(200, 5), "\u0000"].map((text, i) => ({ id: `${i}`, text })), { onProgress: (progress) => (last = progress) });
  off();
  equal(threads, 2, "workers");
  equal(last.embedded, last.passages, "passages embedded");
  await index.clear();
  index.close();
});

test("a number of threads that makes no sense is refused", async () => {
  for (const threads of [0, 1.5, 17, Number.NaN]) await fails(open(null, { runtime: "/", threads }), "threads");
});

test("a team is as large as the device allows", async () => {
  equal(teamSize(undefined, { hardwareConcurrency: 2 }), 2, "two processors");
  equal(teamSize(undefined, { hardwareConcurrency: 32, deviceMemory: 8 }), 4, "many processors");
  equal(teamSize(undefined, { hardwareConcurrency: 8, deviceMemory: 4 }), 2, "4 GB");
  equal(teamSize(undefined, { hardwareConcurrency: 8, deviceMemory: 0.5 }), 1, "little memory");
  equal(teamSize(undefined, {}), 1, "unknown");
  equal(teamSize(8, { hardwareConcurrency: 1, deviceMemory: 1 }), 8, "asked for");
});

/** leader makes a team in this page, with the real worker's script for helpers. */
async function leader(size: number, spoil: (worker: Worker, number: number) => void, script = "/worker.js"): Promise<{ team: Team; own: (text: string) => Promise<Outcome> }> {
  const store = await Store.open(new URL(place().model, location.href));
  const runtime = await Runtime.load(new URL("/", location.href), "auto");
  const manifest = await store.named("model.json", (bytes) => bytes);
  const { tokenizer, weights } = JSON.parse(new TextDecoder().decode(manifest)) as { tokenizer: { sha256: string; bytes: number }; weights: { bytes: number; chunks: { sha256: string; bytes: number }[] } };
  const words = await store.get({ name: tokenizer.sha256, bytes: tokenizer.bytes });
  const guest = await runtime.start();
  const start = guest.model(manifest);
  let offset = start;
  for (const { sha256, bytes } of weights.chunks) {
    guest.writeWeights(offset, await store.get({ name: sha256, bytes }));
    offset += bytes;
  }
  guest.tokenizer(words);
  const supply = async (): Promise<Supplies> => ({
    outfit: { modules: runtime.modules, manifest, tokenizer: words }, bytes: weights.bytes, view: (from, size) => guest.viewWeights(start + from, size),
  });
  let number = 0;
  const spawn = (): Worker => {
    const worker = new Worker(script, { type: "module" });
    spoil(worker, ++number);
    return worker;
  };
  const own = async (text: string): Promise<Outcome> => {
    // As slow as a larger model, so that helpers get their share of a small one's work.
    await new Promise((resolve) => setTimeout(resolve, 2));
    try {
      return guest.embed(text, "passage");
    } catch (thrown) {
      if (thrown instanceof GuestError) return thrown;
      throw thrown;
    }
  };
  return { team: new Team(size, supply, () => {}, spawn, 0), own };
}

/** embedded has a team embed texts; each must be done once. */
async function embedded({ team, own }: Awaited<ReturnType<typeof leader>>, list: string[]): Promise<{ outcomes: Outcome[]; byLeader: number }> {
  const outcomes: Outcome[] = [];
  let byLeader = 0;
  const counted = async (text: string): Promise<Outcome> => {
    byLeader++;
    return own(text);
  };
  await team.embed({
    texts: list, kind: "passage", later: 0, own: counted,
    done: (text, outcome) => {
      if (outcomes[text]) throw new Error(`text ${text} was done twice`);
      outcomes[text] = outcome;
    },
  }, new AbortController().signal);
  for (const i of list.keys()) if (!outcomes[i]) throw new Error(`text ${i} was not done`);
  return { outcomes, byLeader };
}

test("helpers that die in their work leave nothing undone", async () => {
  const list = texts(600, 2);
  const healthy = await leader(3, () => {});
  const { outcomes: wanted, byLeader } = await embedded(healthy, list);
  if (byLeader >= list.length) throw new Error("no helper did anything: nothing is tested");
  healthy.team.end();
  // The first ends without a word, as where the browser wants its memory back; the second breaks loudly.
  const dying = await leader(3, (worker, number) => {
    let heard = 0;
    worker.addEventListener("message", ({ data }: MessageEvent<{ type: string }>) => {
      if (data.type !== "vector" || ++heard !== 5) return;
      if (number === 1) worker.terminate();
      else worker.postMessage({ type: "weights", offset: 2 ** 40, bytes: new Uint8Array(1) });
    });
  });
  const { outcomes } = await embedded(dying, list);
  outcomes.forEach((outcome, i) => equal([...(outcome as Float32Array)], [...(wanted[i] as Float32Array)], list[i]!));
  dying.team.end();
});

test("a text that the model refuses is refused by helpers too", async () => {
  const team = await leader(2, () => {});
  const { outcomes } = await embedded(team, Array.from({ length: 400 }, (_, i) => (i % 3 ? `text ${i}` : "")));
  outcomes.forEach((outcome, i) => equal(outcome instanceof GuestError, i % 3 === 0, `text ${i} was refused`));
  team.team.end();
});

test("where helpers cannot be had one worker does all", async () => {
  const { team, own } = await leader(4, () => {}, "/there-is-no-such-script.js");
  const { byLeader } = await embedded({ team, own }, texts(100));
  equal([byLeader >= 100, team.workers], [true, 1], "texts by the leader, workers");
});
