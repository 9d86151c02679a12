import type { Kernels } from "./types.ts";

/** A kernel module that was chosen, compiled. */
export interface Chosen {
  name: Kernels;
  module: WebAssembly.Module;
  /** Whether this machine multiplies faster with the instruction that adds four products. */
  dotInFours: boolean;
}

/** instantiate starts the chosen kernels. */
export async function instantiate({ module, dotInFours }: Chosen): Promise<WebAssembly.Instance> {
  const instance = await WebAssembly.instantiate(module);
  (instance.exports.dot_in_fours as DotInFours | undefined)?.(dotInFours ? 1 : 0);
  return instance;
}

type DotInFours = (yes: number) => void;

// (func (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (i8x16.splat 0) (i8x16.splat 0)))
const RELAXED_PROBE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // type: () -> v128
  0x03, 0x02, 0x01, 0x00, // one function of it
  0x0a, 0x0f, 0x01, 0x0d, 0x00, // its body, no locals
  0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, // two vectors
  0xfd, 0x92, 0x02, 0x0b, // the relaxed dot product, end
]);

/** hasRelaxedSimd says whether the engine knows the relaxed dot product. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE);
}

/**
 * choose compiles the kernels to use. An engine may accept relaxed SIMD and
 * compute it wrongly, so "auto" takes the relaxed module only if it repeats the
 * baseline's bits on small products.
 */
export async function choose(
  wanted: Kernels | "auto",
  load: (name: Kernels) => Promise<WebAssembly.Module>,
): Promise<Chosen> {
  if (wanted !== "auto") return chosen(wanted, await load(wanted));
  if (!hasRelaxedSimd()) return chosen("baseline", await load("baseline"));
  const [relaxed, baseline] = await Promise.all([load("relaxed").catch(() => undefined), load("baseline")]);
  if (relaxed && (await agree(relaxed, baseline))) return chosen("relaxed", relaxed);
  return chosen("baseline", baseline);
}

async function chosen(name: Kernels, module: WebAssembly.Module): Promise<Chosen> {
  return { name, module, dotInFours: name === "relaxed" && (await foursAreFaster(module)) };
}

/**
 * foursAreFaster times the two ways in which the relaxed kernels multiply. Engines
 * compile twice, quickly and then well: rounds go on until the better code has
 * had its turn, some 10 ms, while the model loads.
 */
async function foursAreFaster(module: WebAssembly.Module): Promise<boolean> {
  const { exports } = await WebAssembly.instantiate(module);
  const ways = [exports.limit_q4_twos, exports.limit_fours] as ((rounds: number) => number)[];
  const best = [Infinity, Infinity];
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, way] of ways.entries()) {
      const began = performance.now();
      way(ROUNDS);
      best[i] = Math.min(best[i]!, performance.now() - began);
    }
    await new Promise((resolve) => setTimeout(resolve)); // lets the engine compile
  }
  return best[1]! < 1.15 * best[0]!; // 7-bit weights gain more by fours than 4-bit ones
}

const TURNS = 6;
const ROUNDS = 30_000;

/** agree compares two modules on products of each kind, bit by bit. */
export async function agree(a: WebAssembly.Module, b: WebAssembly.Module): Promise<boolean> {
  try {
    const [x, y] = await Promise.all([WebAssembly.instantiate(a), WebAssembly.instantiate(b)]);
    for (const layout of LAYOUTS) {
      const wanted = product(y, layout);
      for (const fours of [0, 1]) {
        (x.exports.dot_in_fours as DotInFours | undefined)?.(fours);
        if (!product(x, layout).every((byte, i) => byte === wanted[i])) return false;
      }
    }
    return true;
  } catch {
    return false;
  }
}

// The products' shape: not a whole number of tiles, several panels and groups.
const ROWS = 12;
const N = 24;
const K = 96;
const GROUP = 32;
const HEADER = 32; // 16 float16 numbers of one group of one 8-column panel

/** Layout is a kind of weights: its operation, the bytes of a group, the bits of a byte that may be set. */
interface Layout {
  operation: string;
  groupBytes: number;
  mask: number;
}

const LAYOUTS: Layout[] = [
  { operation: "mat_mul_q4", groupBytes: HEADER + 128, mask: 0xff },
  { operation: "mat_mul_q7", groupBytes: HEADER + 256, mask: 0x7f },
];

/** product multiplies fixed pseudo-random operands and returns the bytes of the result. */
function product({ exports }: WebAssembly.Instance, { operation, groupBytes, mask }: Layout): Uint8Array {
  const memory = exports.memory as WebAssembly.Memory;
  const multiply = exports[operation] as (...parameters: number[]) => void;

  const base = memory.grow(1) * 65536; // a page that nothing else uses
  const out = base;
  const q = out + ROWS * N * 4;
  const scale = q + ROWS * K;
  const sums = scale + ROWS * (K / GROUP) * 4;
  const weights = (sums + ROWS * (K / GROUP) * 4 + 63) & ~63;

  const random = xorshift(0x9e3779b9);
  const view = new DataView(memory.buffer);
  for (let i = 0; i < ROWS * K; i++) view.setInt8(q + i, i % 11 === 0 ? -127 : (random() % 255) - 127);
  for (let i = 0; i < ROWS * (K / GROUP); i++) {
    view.setFloat32(scale + 4 * i, (1 + (random() % 1000)) / 4096, true);
    view.setFloat32(sums + 4 * i, (random() % 8001) - 4000, true);
  }
  for (let i = 0; i < (N / 8) * (K / GROUP); i++) {
    const at = weights + i * groupBytes;
    for (let c = 0; c < 16; c++) view.setUint16(at + 2 * c, 0x2400 | (random() & 0x83ff), true); // about ±1/64
    for (let j = HEADER; j < groupBytes; j++) view.setUint8(at + j, j % 7 === 0 ? mask : random() & mask);
  }
  multiply(out, q, scale, sums, weights, ROWS, N, K);
  return new Uint8Array(memory.buffer).slice(out, out + ROWS * N * 4);
}

/** xorshift is Marsaglia's generator of 32-bit numbers (2003). */
function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
