import { agree, choose, hasRelaxedSimd } from "../src/kernels.ts";
import type { Kernels } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";

async function bytes(name: Kernels): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`/kernels_${name}.wasm`)).arrayBuffer());
}

const load = async (name: Kernels): Promise<WebAssembly.Module> => WebAssembly.compile(await bytes(name));

/** wrong returns the relaxed kernels with each relaxed dot product (fd 92 02) replaced by a subtraction (fd 92 01). */
async function wrong(): Promise<WebAssembly.Module> {
  const module = await bytes("relaxed");
  let replaced = 0;
  for (let i = 0; i + 2 < module.length; i++) {
    if (module[i] === 0xfd && module[i + 1] === 0x92 && module[i + 2] === 0x02) {
      module[i + 2] = 0x01;
      replaced++;
    }
  }
  if (replaced === 0) throw new Error("the relaxed kernels hold no relaxed dot product");
  return WebAssembly.compile(module);
}

test("relaxed kernels repeat the baseline's bits and are taken", async () => {
  equal(hasRelaxedSimd(), true, "relaxed SIMD in this browser");
  equal(await agree(await load("relaxed"), await load("baseline")), true, "agreement");
  equal((await choose("auto", load)).name, "relaxed", "choice");
});

test("relaxed kernels that compute something else are not taken", async () => {
  equal(await agree(await wrong(), await load("baseline")), false, "agreement");
  const choice = await choose("auto", (name) => (name === "relaxed" ? wrong() : load(name)));
  equal(choice.name, "baseline", "choice");
});

test("relaxed kernels that cannot be had are done without", async () => {
  const choice = await choose("auto", (name) => (name === "relaxed" ? Promise.reject(new Error("404")) : load(name)));
  equal(choice.name, "baseline", "choice");
});

test("a choice is obeyed", async () => {
  for (const name of ["relaxed", "baseline"] as const) equal((await choose(name, load)).name, name, "choice");
  await fails(choose("relaxed", () => Promise.reject(new Error("404"))), "404");
});
