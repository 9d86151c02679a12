using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "assets", disk = (path = "assets")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "ort.mjs", esModule = embed "ort.mjs"),
    (name = "ort.wasm", wasm = embed "ort.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "ASSETS", service = "assets"), (name = "PATCHED", json = "true")],
);
