// The worker's entry. It joins three modules: the Go program, the kernels that
// compute on their own memory, and the host functions that fetch and verify.
//
// One program serves all requests of the isolate, so that a model is loaded once.
// It is started by the first request: runtimes allow no random numbers before.

import "./wasm_exec.mjs";
import { createHost } from "./host.mjs";
import { kernelModule, tune } from "./kernels.mjs";
import program from "./effir.wasm";

let running; // undefined before the first request and after a failure

export default {
  async fetch(request, env, ctx) {
    try {
      decodeURIComponent(new URL(request.url).pathname);
    } catch {
      return failure(400, "invalid_request_error", "the path is malformed; percent-encode it as UTF-8");
    }
    try {
      const current = (running ??= start(env));
      const answer = current.handle(request);
      // Work continues when the client leaves: others may wait for what it loads.
      ctx.waitUntil(answer.then(current.afterwards, () => {}));
      return await answer;
    } catch (error) {
      console.error("effir:", error);
      return failure(500, "internal", "the worker failed on this request; try again");
    }
  },
};

function failure(code, type, message) {
  const error = { message, type, param: null, code };
  return Response.json({ error }, { status: code, headers: { "Access-Control-Allow-Origin": "*" } });
}

// start runs the program up to the point where it waits for requests.
function start(env) {
  const kernels = new WebAssembly.Instance(kernelModule, {});
  const binding = {};
  const waiting = new Set();
  let tuned = false;
  const go = new Program((error) => {
    if (running === started) running = undefined; // the next request gets a new program
    for (const reject of waiting) reject(error);
  });
  const instance = new WebAssembly.Instance(program, {
    ...go.importObject,
    kernel: kernels.exports,
    workers: { ready() {} },
  });
  // The name by which the Go library for workers finds its surroundings.
  globalThis.context = { binding, env, effir: createHost(env.ASSETS, kernels.exports.memory, instance.exports.mem) };

  const started = {
    handle: (request) =>
      new Promise((resolve, reject) => {
        waiting.add(reject);
        binding
          .handleRequest(request)
          .then(resolve, reject)
          .finally(() => waiting.delete(reject));
      }),
    afterwards: async () => {
      await binding.background();
      if (tuned) return;
      tuned = true;
      await tune(kernels.exports);
    },
  };
  go.run(instance).catch((error) => console.error("effir:", error));
  if (go.exited) throw new Error("the Go program ended before it took requests");
  return started;
}

// Program is a Go program that tells when it can no longer be used: it has
// exited, or an instruction trapped while it was running.
class Program extends Go {
  constructor(died) {
    super();
    this.died = died;
    this.exit = (code) => died(new Error(`the Go program exited with code ${code}`));
  }

  _resume() {
    try {
      super._resume();
    } catch (error) {
      this.died(error);
      throw error;
    }
  }
}
