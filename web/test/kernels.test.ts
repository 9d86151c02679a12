import { agree, choose, hasRelaxedSimd, instantiate, productsOf, tune } from "../src/kernels.ts";
import type { Kernels } from "../src/types.ts";
import { equal, fails, test } from "./harness.ts";

async function bytes(name: Kernels): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`/kernels_${name}.wasm`)).arrayBuffer());
}

const load = async (name: Kernels): Promise<WebAssembly.Module> => WebAssembly.compile(await bytes(name));

// The two relaxed instructions after their prefix fd, and what takes their place in wrong kernels:
// i16x8.relaxed_dot and a subtraction, i32x4.relaxed_dot_add and bitselect.
const dots: Record<string, { code: number[]; wrong: number[] }> = {
  twos: { code: [0x92, 0x02], wrong: [0x92, 0x01] },
  fours: { code: [0x93, 0x02], wrong: [0xd2, 0x00] },
};

/** wrong returns the relaxed kernels with one of their instructions replaced. */
async function wrong(dot: string): Promise<WebAssembly.Module> {
  const module = await bytes("relaxed");
  const { code, wrong } = dots[dot]!;
  let replaced = 0;
  for (let i = 0; i + 2 < module.length; i++) {
    if (module[i] === 0xfd && module[i + 1] === code[0] && module[i + 2] === code[1]) {
      module.set(wrong, i + 1);
      replaced++;
    }
  }
  if (replaced === 0) throw new Error(`the relaxed kernels hold no dot product of ${dot}`);
  return WebAssembly.compile(module);
}

test("relaxed kernels repeat the baseline's bits and are taken", async () => {
  equal(hasRelaxedSimd(), true, "relaxed SIMD in this browser");
  equal(await agree(await load("relaxed"), await load("baseline")), true, "agreement");
  equal((await choose("auto", load)).name, "relaxed", "choice");
});

test("relaxed kernels that compute something else are not taken", async () => {
  for (const dot of Object.keys(dots)) {
    equal(await agree(await wrong(dot), await load("baseline")), false, `agreement with wrong ${dot}`);
    const choice = await choose("auto", (name) => (name === "relaxed" ? wrong(dot) : load(name)));
    equal(choice.name, "baseline", "choice");
    equal(choice.dotInFours, false, "dot products of the baseline");
  }
});

test("relaxed kernels that cannot be had are done without", async () => {
  const choice = await choose("auto", (name) => (name === "relaxed" ? Promise.reject(new Error("404")) : load(name)));
  equal(choice.name, "baseline", "choice");
});

test("chosen kernels are measured once, for all instances", async () => {
  const chosen = await choose("relaxed", load);
  equal(productsOf(chosen), undefined, "products before");
  await tune(chosen, (await instantiate(chosen)).exports);
  const known = productsOf(chosen);
  equal(known === "twos" || known === "fours", true, `products ${known}`);
  const began = performance.now();
  await tune(chosen, (await instantiate(chosen)).exports);
  if (performance.now() - began > 1000) throw new Error("measured again");
  equal(productsOf(chosen), known, "products of another instance");

  const baseline = await choose("baseline", load);
  await tune(baseline, (await instantiate(baseline)).exports);
  equal(productsOf(baseline), undefined, "products of the baseline");
});

test("a choice is obeyed", async () => {
  for (const name of ["relaxed", "baseline"] as const) equal((await choose(name, load)).name, name, "choice");
  await fails(choose("relaxed", () => Promise.reject(new Error("404"))), "404");
});
