/**
 * EffiR without its client library: kernels and guest in a worker, the model by
 * plain fetch, so that what is timed is the guest's embed alone.
 */
import { Guest } from "../../../web/src/guest.ts";
import { choose, type Chosen } from "../../../web/src/kernels.ts";
import { Rates } from "./rates.ts";
import { serve } from "./system.ts";

interface Manifest {
  tokenizer: { sha256: string };
  weights: { chunks: { sha256: string; bytes: number }[] };
}

let guest: Guest;
let rates: Rates | undefined;
let chosen: Chosen;

serve({
  async load({ model }) {
    const folder = `/models/${model}/`;
    const manifest = fetchBytes(`${folder}model.json`);
    const choice = choose("auto", (name) => compile(`/runtime/kernels_${name}.wasm`));
    const module = compile("/runtime/guest.wasm");
    chosen = await choice;
    guest = await Guest.start(chosen, await module);
    const { tokenizer, weights } = JSON.parse(new TextDecoder().decode(await manifest)) as Manifest;
    const files = [...weights.chunks, tokenizer].map(({ sha256 }) => fetchBytes(`${folder}${sha256}.bin`));
    let at = guest.model(await manifest);
    for (const [i, { bytes }] of weights.chunks.entries()) {
      guest.writeWeights(at, await files[i]!);
      at += bytes;
    }
    guest.tokenizer(await files.at(-1)!);
  },
  embed: (text) => guest.embed(text, "passage"),
  rate: (kernel, ...parameters) => (rates ??= new Rates(chosen)).measure(kernel, parameters),
});

function compile(url: string): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(url));
}

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
