import { race, type Way } from "./race.ts";
import type { Kernels, Products } from "./types.ts";

/** A kernel module that was chosen, compiled. */
export interface Chosen {
  name: Kernels;
  module: WebAssembly.Module;
  /** Whether this machine multiplies faster with the instruction that adds four products; undefined until tune has measured it. */
  dotInFours: boolean | undefined;
}

/** instantiate starts the chosen kernels. They multiply in twos unless fours are known to be faster. */
export async function instantiate({ module, dotInFours }: Chosen): Promise<WebAssembly.Instance> {
  const instance = await WebAssembly.instantiate(module);
  setDot(instance.exports, dotInFours);
  return instance;
}

function setDot(exports: WebAssembly.Exports, inFours: boolean | undefined): void {
  (exports.dot_in_fours as DotInFours | undefined)?.(inFours ? 1 : 0);
}

type DotInFours = (yes: number) => void;

/**
 * tune measures which way to multiply is the faster one here, unless that is
 * known, and has the kernels use it. Bits do not depend on it, so that it can
 * happen at any time: it takes 10 ms, 60 with a clock of whole milliseconds,
 * between pauses, and belongs behind a first answer. Where nothing can be told,
 * twos stay, which are fast on every processor.
 */
export async function tune(chosen: Chosen, exports: WebAssembly.Exports): Promise<void> {
  // 7-bit weights gain more by fours than the 4-bit ones that are measured.
  chosen.dotInFours ??= (await race([exports.limit_q4_twos as Way, exports.limit_fours as Way], 1.15)) ?? false;
  setDot(exports, chosen.dotInFours);
}

/** productsOf names the way in which the chosen kernels multiply, once it is known. */
export function productsOf({ name, dotInFours }: Chosen): Products | undefined {
  if (name === "baseline" || dotInFours === undefined) return undefined;
  return dotInFours ? "fours" : "twos";
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

function chosen(name: Kernels, module: WebAssembly.Module): Chosen {
  return { name, module, dotInFours: name === "baseline" ? false : undefined };
}

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
