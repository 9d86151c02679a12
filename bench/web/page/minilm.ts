/**
 * transformers.js with all-MiniLM-L6-v2 and int8 weights, at its best settings on one thread, over one
 * file of vectors, all of which are compared with the question's.
 */
import { env, pipeline } from "/npm/@huggingface/transformers/dist/transformers.min.js";
import { LIMIT, run } from "./page.ts";

/** What the page knows of passages: their page and heading. */
interface Passages {
  pages: [url: string, title: string][];
  passages: [page: number, heading: string][];
}

run(async () => {
  env.allowRemoteModels = false;
  env.localModelPath = "/models/";
  const runtime = new URL("/npm/onnxruntime-web/dist/ort-wasm-simd-threaded", location.href).href;
  Object.assign(env.backends.onnx.wasm, { numThreads: 1, proxy: false, wasmPaths: { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` } });
  const [extract, { pages, passages }, rows] = await Promise.all([
    pipeline("feature-extraction", "minilm-older", { device: "wasm", dtype: "q8" }),
    fetch("/minilm/passages.json").then((response) => response.json() as Promise<Passages>),
    fetch("/minilm/vectors.bin").then(async (response) => new Float32Array(await response.arrayBuffer())),
  ]);
  return async function* (question) {
    const { data } = await extract(question, { pooling: "mean", normalize: true });
    const dims = data.length;
    const scores = new Float32Array(passages.length);
    for (let row = 0, at = 0; row < scores.length; row++) {
      let sum = 0;
      for (let i = 0; i < dims; i++) sum += data[i]! * rows[at++]!;
      scores[row] = sum;
    }
    const order = Uint32Array.from(scores, (_, row) => row).sort((a, b) => scores[b]! - scores[a]! || a - b);
    const best = new Map<number, string>(); // heading by page
    for (const row of order) {
      const [page, heading] = passages[row]!;
      if (!best.has(page)) best.set(page, heading);
      if (best.size === LIMIT) break;
    }
    yield { mode: "semantic", hits: [...best].map(([page, heading]) => ({ url: `/${pages[page]![0]}`, title: pages[page]![1], text: heading })) };
  };
});
