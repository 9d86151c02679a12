import { Guest } from "../../../web/src/guest.ts";
import type { Chosen } from "../../../web/src/kernels.ts";

type Function = (...parameters: unknown[]) => unknown;
type Exports = Record<string, Function>;

/** Exports of the kernel module that compute nothing: Go's memory is filled through them. */
const TRAFFIC = new Set(["variant", "alloc", "allocated", "poke64", "peek64", "poke8", "peek8"]);

/** Started is a guest and the exports of the kernels that it computes with. */
export interface Started {
  guest: Guest;
  kernels: Exports;
}

/**
 * start is Guest.start, which keeps its kernels to itself. Between the guest and
 * the kernels wrap may put something else.
 */
export async function start(chosen: Chosen, module: WebAssembly.Module, wrap: (kernels: Exports) => Exports = (kernels) => kernels): Promise<Started> {
  const plain = WebAssembly.instantiate;
  let kernels: Exports | undefined;
  WebAssembly.instantiate = ((source: WebAssembly.Module, imports?: WebAssembly.Imports) => {
    if (!imports?.kernel) return plain(source, imports);
    kernels = imports.kernel as Exports;
    return plain(source, { ...imports, kernel: wrap(kernels) as WebAssembly.ModuleImports });
  }) as typeof plain;
  try {
    const guest = await Guest.start(chosen, module);
    return { guest, kernels: kernels! };
  } finally {
    WebAssembly.instantiate = plain;
  }
}

/** Call is one of a kernel. */
type Call = [name: string, parameters: unknown[]];

/**
 * calls returns the kernels' calls of one embedding. They are those of a guest
 * of its own, without weights: what is called does not depend on them, and where
 * things lie is the same in each instance.
 */
export async function calls(chosen: Chosen, module: WebAssembly.Module, manifest: Uint8Array, tokenizer: Uint8Array, text: string): Promise<Call[]> {
  let list: Call[] = [];
  const { guest } = await start(chosen, module, (kernels) => {
    const watched: Exports = {};
    for (const [name, call] of Object.entries(kernels)) {
      const silent = TRAFFIC.has(name) || typeof call !== "function";
      watched[name] = silent ? call : (...parameters) => {
        list.push([name, parameters]);
        return call(...parameters);
      };
    }
    return watched;
  });
  guest.model(manifest);
  guest.tokenizer(tokenizer);
  guest.embed(text, "passage"); // allocates what later ones find
  list = [];
  guest.embed(text, "passage");
  return list;
}

/** replay repeats calls for at least so many milliseconds, at least once, and returns the milliseconds of one turn. */
export function replay(kernels: Exports, list: Call[], atLeast: number): number {
  const began = performance.now();
  for (let count = 1; ; count++) {
    for (const [name, parameters] of list) kernels[name]!(...parameters);
    const took = performance.now() - began;
    if (took >= atLeast) return took / count;
  }
}
