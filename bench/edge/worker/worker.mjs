// onnxruntime-web in workerd: POST / {"ids": [...]} answers the mean of the last
// states, of length one, as {"embedding": base64 of float32}. Tokens are counted
// out by the caller, which spares this worker a tokenizer.
//
// Runtimes of workers compile no WebAssembly from bytes, which is how the library
// starts. With the binding PATCHED it is handed the module that the worker
// was deployed with, in place of WebAssembly.instantiate.

import * as ort from "./ort.mjs";
import compiled from "./ort.wasm";

let session;

export default {
  async fetch(request, env) {
    try {
      session ??= load(env);
      const { ids } = await request.json();
      return Response.json({ embedding: base64(await embed(await session, ids)) });
    } catch (error) {
      session = undefined;
      return new Response(String(error?.message ?? error), { status: 500 });
    }
  },
};

async function load(env) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  if (env.PATCHED) {
    WebAssembly.instantiate = async (_bytes, imports) => ({ instance: new WebAssembly.Instance(compiled, imports), module: compiled });
    ort.env.wasm.wasmBinary = new ArrayBuffer(8); // is not looked at
  } else {
    ort.env.wasm.wasmBinary = await fetched(env, "ort.wasm");
  }
  return ort.InferenceSession.create(new Uint8Array(await fetched(env, "model.onnx")), { executionProviders: ["wasm"] });
}

async function fetched(env, name) {
  const response = await env.ASSETS.fetch(`https://assets.local/${name}`);
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return response.arrayBuffer();
}

async function embed(session, ids) {
  const tensor = (value) => new ort.Tensor("int64", BigInt64Array.from(ids, value), [1, ids.length]);
  const outputs = await session.run({ input_ids: tensor(BigInt), attention_mask: tensor(() => 1n), token_type_ids: tensor(() => 0n) });
  const { data, dims } = outputs[session.outputNames[0]];
  const width = dims[2];
  const mean = new Float32Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i];
  const length = Math.hypot(...mean);
  return mean.map((x) => x / length);
}

function base64(floats) {
  return btoa(String.fromCharCode(...new Uint8Array(floats.buffer)));
}
