# Runs the worker locally, in the folder of this file: workerd serve workerd.capnp
# The folder assets holds model/ and index/. workerd looks for it in the working
# directory, not beside this file; from elsewhere it is given by --directory-path
# assets=FOLDER. Another address is given by --socket-addr http=HOST:PORT.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "assets", disk = (path = "assets")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8788", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "host.mjs", esModule = embed "host.mjs"),
    (name = "kernels.mjs", esModule = embed "kernels.mjs"),
    (name = "wasm_exec.mjs", esModule = embed "wasm_exec.mjs"),
    (name = "effir.wasm", wasm = embed "effir.wasm"),
    (name = "kernels_relaxed.wasm", wasm = embed "kernels_relaxed.wasm"),
    (name = "kernels_baseline.wasm", wasm = embed "kernels_baseline.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "ASSETS", service = "assets")],
);
