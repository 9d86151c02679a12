import { choose, hasRelaxedSimd, instantiate, productsOf, tune } from "../src/kernels.ts";
import { GOLDENS } from "../src/goldens.ts";
import { wrongOperation } from "../src/selftest.ts";
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

/** broken returns kernels whose export of an operation is another function of the same type, as if the engine computed something else. */
async function broken(name: Kernels, operation: string, by: string): Promise<WebAssembly.Module> {
  const module = await bytes(name);
  const at = (name: string): number => {
    const key = [name.length, ...new TextEncoder().encode(name), 0]; // in the section of exports, before the function's index
    for (let i = 0; i + key.length < module.length; i++) if (key.every((byte, j) => module[i + j] === byte)) return i + key.length;
    throw new Error(`no export ${name}`);
  };
  const [to, from] = [at(operation), at(by)];
  const long = (i: number): number => (module[i]! > 127 ? 2 : 1);
  if (long(to) !== long(from)) throw new Error(`the indices of ${operation} and ${by} differ in length`);
  module.copyWithin(to, from, from + long(from));
  return WebAssembly.compile(module);
}

const wrongIn = async (module: Promise<WebAssembly.Module>): Promise<string | undefined> =>
  wrongOperation(await WebAssembly.instantiate(await module));

test("relaxed kernels that compute well are taken, and nothing else is loaded", async () => {
  equal(hasRelaxedSimd(), true, "relaxed SIMD in this browser");
  const loaded: string[] = [];
  const choice = await choose("auto", (name) => {
    loaded.push(name);
    return load(name);
  });
  equal([choice.name, loaded], ["relaxed", ["relaxed"]], "choice");
});

test("both modules pass the self-test, in little time", async () => {
  for (const name of ["relaxed", "baseline"] as const) {
    const instance = await WebAssembly.instantiate(await load(name));
    const began = performance.now();
    equal(wrongOperation(instance), undefined, `wrong in ${name}`);
    const took = performance.now() - began;
    if (took > 500) throw new Error(`the self-test of ${name} took ${took} ms`); // 5 to 10 where nothing else runs
  }
});

test("relaxed kernels that compute something else are not taken", async () => {
  for (const dot of Object.keys(dots)) {
    equal((await wrongIn(wrong(dot)))?.startsWith("mat_mul"), true, `agreement with wrong ${dot}`);
    const choice = await choose("auto", (name) => (name === "relaxed" ? wrong(dot) : load(name)));
    equal(choice.name, "baseline", "choice");
    equal(choice.dotInFours, false, "dot products of the baseline");
    await fails(choose("relaxed", () => wrong(dot)), "mat_mul", "kernels_relaxed.wasm");
  }
});

test("any operation that goes wrong is named", async () => {
  const alike: [string, string][] = [
    ["embed", "embed_q4"], ["embed_q4", "embed"], ["mat_mul_q4", "mat_mul_q7"], ["mat_mul_q7", "mat_mul_q4"],
    ["gelu", "bias"], ["bias", "gelu"], ["dot_i8", "hamming"], ["hamming", "dot_i8"],
  ];
  for (const [operation, by] of alike) {
    for (const name of ["relaxed", "baseline"] as const) equal(await wrongIn(broken(name, operation, by)), operation, `${operation} of ${name}`);
  }
});

test("one wrong bit of any operation is noticed, and a trap", async () => {
  const { exports } = await WebAssembly.instantiate(await load("relaxed"));
  const operations = new Set(GOLDENS.map(([operation]) => operation));
  for (const operation of operations) {
    const well = exports[operation] as (...operands: number[]) => number;
    const flips = (...operands: number[]): number => {
      const answer = well(...operands);
      const result = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
      result[operands[0]!]! ^= 1; // all operations write to their first operand
      return answer;
    };
    const traps = (): never => {
      throw new WebAssembly.RuntimeError("unreachable");
    };
    for (const wrong of [flips, traps]) {
      equal(wrongOperation({ exports: { ...exports, [operation]: wrong } } as unknown as WebAssembly.Instance), operation, `${wrong.name} in ${operation}`);
    }
  }
  equal(operations.size > 17, true, "operations");
});

test("a browser that computes the baseline wrongly is told so", async () => {
  await fails(choose("auto", (name) => broken(name, "gelu", "bias")), "gelu", "kernels_baseline.wasm", "update the browser");
  await fails(choose("baseline", (name) => broken(name, "hamming", "dot_i8")), "hamming", "kernels_baseline.wasm");
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
