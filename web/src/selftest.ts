import { GOLDENS, type Golden } from "./goldens.ts";

type Exports = Record<string, (...operands: number[]) => number | undefined>;

/**
 * wrongOperation runs every operation that a guest calls on small operands and
 * returns the name of the first one whose bits are not those of the reference,
 * the products in both ways of the relaxed kernels. The instance cannot be used
 * otherwise: its memory is full of numbers.
 */
export function wrongOperation(instance: WebAssembly.Instance): string | undefined {
  const exports = instance.exports as unknown as Exports;
  const { dot_in_fours } = exports;
  const base = exports.alloc!(ARENA)! >>> 0;
  const { buffer } = instance.exports.memory as WebAssembly.Memory;
  for (const golden of GOLDENS) {
    const [operation] = golden;
    for (const fours of dot_in_fours && operation.startsWith("mat_mul") ? [0, 1] : [0]) {
      dot_in_fours?.(fours);
      if (hashOf(exports, buffer, base, golden) !== golden[1]) return operation;
    }
  }
  return undefined;
}

const ARENA = 1 << 16;

/** hashOf runs a case and hashes its regions and what it returns, or returns -1 where the operation traps. It does what web/selftest does in Go. */
function hashOf(exports: Exports, buffer: ArrayBuffer, base: number, [operation, , ...operands]: Golden): number {
  const random = xorshift(0x9e3779b9);
  new Uint8Array(buffer, base, ARENA).fill(0);
  let end = base;
  const places = operands.map((operand) => {
    if (typeof operand !== "object" || !operand) return operand;
    const at = end;
    end = (fill(buffer, at, operand, random) + 63) & ~63;
    return at;
  });
  let answer: number;
  try {
    answer = exports[operation]!(...places.map((place) => place ?? end)) ?? 0;
  } catch {
    return -1;
  }
  let hash = 0x811c9dc5;
  for (const word of [...new Uint32Array(buffer, base, (end - base) / 4), answer]) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

/** fill writes a region and returns where it ends. */
function fill(buffer: ArrayBuffer, at: number, [n, header, body, mask]: readonly number[], random: () => number): number {
  const view = new DataView(buffer);
  for (let i = 0; i < n!; i++) {
    if (body === undefined) {
      if (header === undefined) view.setFloat32(at, (((random() >>> 8) - 2 ** 23) / 2 ** 21) * (i % 8 === 7 ? 32 : 1), true);
      else view.setInt32(at, random() % header, true);
      at += 4;
    } else {
      for (const end = at + header!; at < end; at += 2) view.setUint16(at, 0x2400 | (random() & 0x83ff), true);
      for (let j = 0; j < body; j++) {
        const byte = random();
        view.setUint8(at++, (j % 7 === 0 ? mask! : j % 11 === 0 ? 0x81 : byte) & mask!);
      }
    }
  }
  return at;
}

/** xorshift is Marsaglia's generator of 32-bit numbers (2003). */
function xorshift(x: number): () => number {
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
