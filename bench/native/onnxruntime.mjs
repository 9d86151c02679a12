// onnxruntime with a BERT model: hidden states of texts that come as token ids.
import ort from "onnxruntime-node";
import { each, serve } from "../peer/serve.mjs";

let session, texts;

async function open({ weights, threads, ids }) {
  texts = ids;
  session = await ort.InferenceSession.create(weights, {
    executionProviders: ["cpu"], graphOptimizationLevel: "all", executionMode: "sequential",
    intraOpNumThreads: threads, interOpNumThreads: 1,
  });
  return { inputs: session.inputNames };
}

// hidden runs a batch of texts, by index, padded to the longest.
async function hidden(rows) {
  const length = Math.max(...rows.map((row) => texts[row].length));
  const shape = [rows.length, length];
  const ids = new BigInt64Array(rows.length * length);
  const mask = new BigInt64Array(ids.length);
  rows.forEach((row, i) => texts[row].forEach((id, j) => {
    ids[i * length + j] = BigInt(id);
    mask[i * length + j] = 1n;
  }));
  const outputs = await session.run({
    input_ids: new ort.Tensor("int64", ids, shape),
    attention_mask: new ort.Tensor("int64", mask, shape),
    token_type_ids: new ort.Tensor("int64", new BigInt64Array(ids.length), shape),
  });
  return outputs[session.outputNames[0]];
}

await serve({
  open,
  // batch leaves pooling out: the time is that of the network alone.
  batch: async ({ rows }) => void await hidden(rows),
  each: ({ rows }) => each(rows, (row) => hidden([row])),
  vectors: async ({ rows }) => {
    const vectors = [];
    for (const row of rows) {
      const { data, dims } = await hidden([row]);
      const mean = new Float64Array(dims[2]);
      data.forEach((x, i) => { mean[i % dims[2]] += x; });
      vectors.push(Array.from(mean));
    }
    return vectors;
  },
});
