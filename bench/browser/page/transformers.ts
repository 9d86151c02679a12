/**
 * transformers.js at its best settings, on one thread unless the page says otherwise: onnxruntime-web's plain
 * build (the smallest), everything from this server, caches as it has them.
 */
import { serve } from "./system.ts";

interface Tensor {
  data: Float32Array;
}
type Outputs = Record<string, Tensor>;
interface Pipeline {
  model: (inputs: unknown) => Promise<Outputs>;
  (text: string | string[], options: { pooling: string; normalize: boolean }): Promise<Tensor>;
  tokenizer(text: string): { input_ids: { dims: number[] } };
}
interface Library {
  env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    backends: { onnx: { wasm: Record<string, unknown> } };
  };
  pipeline(task: string, model: string, options: { device: string; dtype: string }): Promise<Pipeline>;
}

/** Documents in one call of the model: more are not faster. */
const BATCH = 8;

let extract: Pipeline;
let pooling: string;

serve({
  async load(parameters) {
    pooling = parameters.pooling!;
    const library = new URL("/npm/@huggingface/transformers/dist/transformers.min.js", location.href).href;
    const { env, pipeline } = (await import(library)) as Library;
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = "/models/";
    const runtime = new URL("/npm/onnxruntime-web/dist/ort-wasm-simd-threaded", location.href).href;
    Object.assign(env.backends.onnx.wasm, { numThreads: Number(parameters.threads ?? 1), proxy: false, wasmPaths: { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` } });
    extract = await pipeline("feature-extraction", parameters.model!, { device: "wasm", dtype: parameters.dtype! });
    const { output } = parameters;
    if (output) {
      // This file does not give the token embeddings the name that the library looks for.
      const model = extract.model;
      extract.model = async (inputs) => ({ last_hidden_state: (await model(inputs))[output]! });
    }
  },
  embed: async (text) => (await extract(text, { pooling, normalize: true })).data,
  embedAll: async (texts) => {
    for (let from = 0; from < texts.length; from += BATCH) await extract(texts.slice(from, from + BATCH), { pooling, normalize: true });
  },
  tokens: (text) => extract.tokenizer(text).input_ids.dims[1]!,
});
