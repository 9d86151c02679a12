/** wllama (llama.cpp) at its best settings for embeddings on one thread. */
import { serve } from "./system.ts";

interface Embeddings {
  data: { embedding: number[] }[];
  usage: { prompt_tokens: number };
}
interface Llama {
  loadModelFromUrl(url: string, options: Record<string, unknown>): Promise<void>;
  createEmbedding(options: { input: string }): Promise<Embeddings>;
}
interface Library {
  Wllama: new (paths: Record<string, string>, options: Record<string, unknown>) => Llama;
}

let llama: Llama;

serve({
  async load({ model, pooling }) {
    const library = new URL("/npm/@wllama/wllama/esm/", location.href).href;
    const { Wllama } = (await import(`${library}index.min.js`)) as Library;
    llama = new Wllama({ default: `${library}wasm/wllama.wasm` }, { suppressNativeLog: true });
    await llama.loadModelFromUrl(new URL(`/models/${model}`, location.href).href, {
      n_gpu_layers: 0, n_threads: 1, n_parallel: 1, n_ctx: 512, n_batch: 512, n_ubatch: 512, embeddings: true, pooling_type: pooling,
    });
  },
  async embed(text) {
    const { data } = await llama.createEmbedding({ input: text });
    return unit(data[0]!.embedding);
  },
  tokens: async (text) => (await llama.createEmbedding({ input: text })).usage.prompt_tokens,
});

function unit(vector: number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (x) => x / length);
}
