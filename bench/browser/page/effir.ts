/**
 * EffiR without its client library: kernels and guest in a worker, the model by
 * plain fetch, so that what is timed is the guest's embed alone.
 */
import type { Guest } from "../../../web/src/guest.ts";
import { choose, productsOf, tune, type Chosen } from "../../../web/src/kernels.ts";
import { calls, replay, start, type Started } from "./glue.ts";
import { Rates } from "./rates.ts";
import { serve } from "./system.ts";

interface Manifest {
  tokenizer: { sha256: string };
  weights: { chunks: { sha256: string; bytes: number }[] };
}

let guest: Guest;
let computing: Started["kernels"];
/** callsOf returns the kernels' calls of a text. */
let callsOf: (text: string) => ReturnType<typeof calls>;
let rates: Rates | undefined;
let chosen: Chosen;

serve({
  async load({ model }) {
    const folder = `/models/${model}/`;
    const manifest = fetchBytes(`${folder}model.json`);
    const choice = choose("auto", (name) => compile(`/runtime/kernels_${name}.wasm`));
    const module = compile("/runtime/guest.wasm");
    chosen = await choice;
    ({ guest, kernels: computing } = await start(chosen, await module));
    const { tokenizer, weights } = JSON.parse(new TextDecoder().decode(await manifest)) as Manifest;
    const files = [...weights.chunks, tokenizer].map(({ sha256 }) => fetchBytes(`${folder}${sha256}.bin`));
    let at = guest.model(await manifest);
    for (const [i, { bytes }] of weights.chunks.entries()) {
      guest.writeWeights(at, await files[i]!);
      at += bytes;
    }
    guest.tokenizer(await files.at(-1)!);
    await tune(chosen, computing as unknown as WebAssembly.Exports); // otherwise it happens between measurements
    const known = new Map<string, ReturnType<typeof callsOf>>();
    callsOf = async (text) => {
      if (!known.has(text)) known.set(text, calls(chosen, await module, await manifest, await files.at(-1)!, text));
      return known.get(text)!;
    };
  },
  embed: (text) => guest.embed(text, "passage"),
  async kernels(text, atLeast) {
    return replay(computing, await callsOf(text), atLeast);
  },
  async rate(kernel, ...parameters) {
    return (await kernels()).measure(kernel, parameters);
  },
  async operation(name, counts) {
    return (await kernels()).operation(name, counts);
  },
  choice: async () => [chosen.name, productsOf(chosen) ?? []].flat().join(", "),
});

async function kernels(): Promise<Rates> {
  return (rates ??= await Rates.start(chosen, await compile("/page/limits.wasm")));
}

function compile(url: string): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(url));
}

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
