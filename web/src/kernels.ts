import type { Kernels } from "./types.ts";

/** A kernel module that was chosen, compiled. */
export interface Chosen {
  name: Kernels;
  module: WebAssembly.Module;
}

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
 * baseline's bits on a small product.
 */
export async function choose(
  wanted: Kernels | "auto",
  load: (name: Kernels) => Promise<WebAssembly.Module>,
): Promise<Chosen> {
  if (wanted !== "auto") return { name: wanted, module: await load(wanted) };
  if (!hasRelaxedSimd()) return { name: "baseline", module: await load("baseline") };
  const [relaxed, baseline] = await Promise.all([load("relaxed").catch(() => undefined), load("baseline")]);
  if (relaxed && (await agree(relaxed, baseline))) return { name: "relaxed", module: relaxed };
  return { name: "baseline", module: baseline };
}

/** agree compares the two modules on one product, bit by bit. */
export async function agree(a: WebAssembly.Module, b: WebAssembly.Module): Promise<boolean> {
  try {
    const [x, y] = await Promise.all([product(a), product(b)]);
    return x.every((byte, i) => byte === y[i]);
  } catch {
    return false;
  }
}

// The product's shape: not a whole number of 4-row tiles, several panels and groups.
const ROWS = 5;
const N = 24;
const K = 96;
const GROUP = 32;
const GROUP_BYTES = 160; // one group of one 8-column panel: 16 float16 numbers, 256 nibbles

/** product runs mat_mul_q4 on fixed pseudo-random operands and returns its bytes. */
async function product(module: WebAssembly.Module): Promise<Uint8Array> {
  const { exports } = await WebAssembly.instantiate(module);
  const memory = exports.memory as WebAssembly.Memory;
  const multiply = exports.mat_mul_q4 as (...parameters: number[]) => void;

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
    const at = weights + i * GROUP_BYTES;
    for (let c = 0; c < 16; c++) view.setUint16(at + 2 * c, 0x2400 | (random() & 0x83ff), true); // about ±1/64
    for (let j = 32; j < GROUP_BYTES; j++) view.setUint8(at + j, j % 7 === 0 ? 0xff : random() & 0xff);
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
