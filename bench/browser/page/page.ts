/**
 * The page of one system, named by the URL: it starts the system, has it load the
 * model and embed a first text. The benchmark drives it by `bench`.
 */
import { client } from "./client.ts";
import { methodsOf, type Answer, type Methods, type Question, type System } from "./system.ts";

/** An empty page, for what is the browser's own. */
const none: System = { load: async () => {}, embed: () => new Float32Array() };

type Call = (method: keyof Methods, ...parameters: unknown[]) => Promise<unknown>;

const parameters = new URLSearchParams(location.search);
const name = parameters.get("system")!;
const systems: Record<string, System> = { client, none };
const call = systems[name] ? inPage(methodsOf(systems[name])) : inWorker(new URL(`${name}.js`, import.meta.url));

function inPage(methods: Methods): Call {
  return async (method, ...parameters) => methods[method](...(parameters as never[]));
}

function inWorker(script: URL): Call {
  const worker = new Worker(script, { type: "module" });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (reason: Error) => void }>();
  let last = 0;

  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const question = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) question?.resolve(data.value);
    else question?.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(`the worker failed: ${event.message}`));
    waiting.clear();
  };
  return (method, ...parameters) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, method, parameters } satisfies Question);
    });
}

/** first resolves, once a first text is embedded, to the milliseconds since the navigation began. */
const first = call("load", Object.fromEntries(parameters))
  .then(() => call("embed", "how rivers shape the land"))
  .then(() => performance.now());
first.catch(() => {}); // the benchmark asks for it

Object.assign(globalThis, { bench: { first, call } });
