// llama.cpp with a Llama model: vectors of texts that come as token ids.
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { each, serve } from "../peer/serve.mjs";

let texts, contexts;

// open makes some contexts over one copy of the weights, each with its own threads. Several of one
// thread each do not wait for one another, as the threads of one context do at every product.
async function open({ weights, threads, contexts: count, ids }) {
  texts = ids;
  const llama = await getLlama({
    gpu: false, build: "never", skipDownload: true, progressLogs: false, maxThreads: 0,
    logLevel: LlamaLogLevel.error, logger: (level, message) => console.error(message),
  });
  const model = await llama.loadModel({ modelPath: weights });
  const contextSize = 1 + Math.max(...ids.map((list) => list.length));
  contexts = [];
  for (let i = 0; i < count; i++) contexts.push(await model.createEmbeddingContext({ contextSize, batchSize: contextSize, threads }));
  return { processor: llama.systemInfo };
}

const vector = async (context, row) => (await context.getEmbeddingFor(texts[row])).vector;

await serve({
  open,
  batch: async ({ rows }) => {
    const queue = rows.values();
    await Promise.all(contexts.map(async (context) => {
      for (const row of queue) await vector(context, row);
    }));
  },
  each: ({ rows }) => each(rows, (row) => vector(contexts[0], row)),
  vectors: async ({ rows }) => {
    const vectors = [];
    for (const row of rows) vectors.push(Array.from(await vector(contexts[0], row)));
    return vectors;
  },
});
