/**
 * transformers.js with all-MiniLM-L6-v2 and int8 weights, at its best settings on one thread, over one
 * file of vectors, all of which are compared with the question's.
 */
import { LIMIT, run } from "./page.ts";

type Extract = (text: string, options: { pooling: string; normalize: boolean }) => Promise<{ data: Float32Array }>;
interface Library {
  env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    backends: { onnx: { wasm: Record<string, unknown> } };
  };
  pipeline(task: string, model: string, options: { device: string; dtype: string }): Promise<Extract>;
}

/** What the page knows of passages: their page and heading. */
interface Passages {
  pages: [url: string, title: string][];
  passages: [page: number, heading: string][];
}

run(async () => {
  const library = "/npm/@huggingface/transformers/dist/transformers.min.js";
  const { env, pipeline } = (await import(library)) as Library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
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
    const scores = new Float32Array(pages.length).fill(-Infinity); // of each page's best passage
    const headings: string[] = [];
    for (let row = 0, at = 0; row < passages.length; row++) {
      let sum = 0;
      for (let i = 0; i < dims; i++) sum += data[i]! * rows[at++]!;
      const [page, heading] = passages[row]!;
      if (sum > scores[page]!) {
        scores[page] = sum;
        headings[page] = heading;
      }
    }
    const best = Array.from({ length: Math.min(LIMIT, pages.length) }, () => {
      let page = 0;
      scores.forEach((score, i) => score > scores[page]! && (page = i));
      const hit = { url: `/${pages[page]![0]}`, title: pages[page]![1], text: headings[page]! };
      scores[page] = -Infinity;
      return hit;
    });
    yield { mode: "semantic", hits: best };
  };
});
