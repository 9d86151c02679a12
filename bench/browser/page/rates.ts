import type { Chosen } from "../../../web/src/kernels.ts";
import { Operations } from "./operations.ts";

/** Milliseconds of one measurement: some hundred products of the smallest shape. */
const WINDOW = 25;

/** Operations of one round of a limit: 5 rows, 8 columns, a group of 32 (generator.LimitOperations). */
const LIMIT_OPERATIONS = 2 * 5 * 8 * 32;
const LIMIT_ROUNDS = 10_000;

type Function = (...parameters: number[]) => number;

/** Bytes of a product's weights over those of its 8-bit values: header of a group of 8 columns included. */
const WEIGHT_BYTES: Record<string, number> = { mat_mul_q4: 160 / 256, mat_mul_q7: 288 / 256 };

/** Rates measures kernels of their own instance, with the page's choice of instructions. */
export class Rates {
  private readonly exports: Record<string, Function>;
  private readonly places = new Map<string, number[][]>();

  private operations?: Operations;

  private constructor(private readonly chosen: Chosen, private readonly limits: Record<string, Function>) {
    this.exports = new WebAssembly.Instance(chosen.module).exports as unknown as Record<string, Function>;
    this.exports.dot_in_fours?.(chosen.dotInFours ? 1 : 0);
  }

  /** start instantiates the chosen kernels and limits, the module of generator.Limits. */
  static async start(chosen: Chosen, limits: WebAssembly.Module): Promise<Rates> {
    return new Rates(chosen, (await WebAssembly.instantiate(limits)).exports as unknown as Record<string, Function>);
  }

  /** operation is Operations.rate, or Operations.limit if counts are given. */
  operation(name: string, counts?: Record<string, number>): number {
    this.operations ??= new Operations(this.exports, this.limits, (size) => this.fill(size), rate);
    return counts ? this.operations.limit(name, counts) : this.operations.rate(name);
  }

  /**
   * measure returns 10^9 operations a second. kernel is mat_mul_q4 or mat_mul_q7:
   * products of that many rows with each of the matrices whose outputs and inputs
   * follow, one after the other. Or it is limit_q4 or limit_q7: the arithmetic of
   * those products on registers alone, by the instructions that they use.
   */
  measure(kernel: string, parameters: number[]): number {
    if (kernel.startsWith("limit_")) {
      const name = this.chosen.dotInFours ? "limit_fours" : `${kernel}_twos`;
      const limit = this.exports[name];
      if (!limit) throw new Error(`these kernels have no ${name}: the browser lacks relaxed SIMD`);
      return rate(LIMIT_ROUNDS * LIMIT_OPERATIONS, () => limit(LIMIT_ROUNDS));
    }
    const [rows, ...shape] = parameters as [number, ...number[]];
    const products = this.place(kernel, rows, shape);
    const multiply = this.exports[kernel]!;
    const operations = products.reduce((sum, p) => sum + 2 * rows * p.at(-2)! * p.at(-1)!, 0);
    return rate(operations, () => {
      for (const p of products) multiply(...p);
    });
  }

  /** place allocates and fills the operands once and returns the parameters of each product. */
  private place(kernel: string, rows: number, shape: number[]): number[][] {
    const key = [kernel, rows, ...shape].join();
    let products = this.places.get(key);
    if (products) return products;
    products = [];
    for (let i = 0; i < shape.length; i += 2) {
      const [n, k] = [shape[i]!, shape[i + 1]!];
      const groups = rows * (k / 32) * 4;
      const sizes = [4 * rows * n, rows * k, groups, groups, n * k * WEIGHT_BYTES[kernel]!];
      products.push([...sizes.map((size) => this.fill(size)), rows, n, k]);
    }
    this.places.set(key, products);
    return products;
  }

  /** fill allocates bytes that are small numbers whatever they are read as: floats, halves, 7-bit weights. */
  private fill(size: number): number {
    const at = this.exports.alloc!(size) >>> 0;
    if (at === 0) throw new Error("no memory for the kernels' operands");
    const memory = this.exports.memory as unknown as WebAssembly.Memory;
    const bytes = new Uint8Array(memory.buffer, at, size);
    for (let i = 0; i < size; i++) bytes[i] = [0x12, 0x24, 0x01, 0x3e, 0x5a, 0x20, 0x19, 0x3d][i % 8]!;
    return at;
  }
}

/** rate repeats a call of so many operations and returns 10^9 operations a second. */
function rate(operations: number, call: () => void): number {
  const began = performance.now();
  for (let count = 1; ; count++) {
    call();
    const took = performance.now() - began;
    if (took >= WINDOW) return (count * operations) / took / 1e6;
  }
}
