// Embeds texts with llama.cpp. Standard input is JSON, {"models": [paths], "texts": [strings]};
// standard output is, for every model and text, {"tokens": [ids], "vector": [numbers]}.
import { readFileSync } from "node:fs";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const { models, texts } = JSON.parse(readFileSync(0, "utf8"));
const llama = await getLlama({
  gpu: false, build: "never", skipDownload: true, progressLogs: false,
  maxThreads: 1, // more would wait for each other in turns on a busy machine
  logLevel: LlamaLogLevel.error, logger: (level, message) => console.error(message),
});
const results = [];
for (const modelPath of models) {
  const model = await llama.loadModel({ modelPath });
  // Attention that is not causal needs a text in one batch.
  const context = await model.createEmbeddingContext({ contextSize: 512, batchSize: 512, threads: 1 });
  const rows = [];
  for (const text of texts) {
    const { vector } = await context.getEmbeddingFor(text);
    rows.push({ tokens: model.tokenize(text), vector });
  }
  results.push(rows);
  await context.dispose();
  await model.dispose();
}
await llama.dispose();
process.stdout.write(JSON.stringify(results));
