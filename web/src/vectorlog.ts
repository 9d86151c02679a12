import type { Quantised } from "./site/quantise.ts";

export type Row = Quantised;

/**
 * Vectors as a local index stores them, each beside the key of the text that it
 * was made from. Little-endian: magic; the model's SHA-256, 32 bytes; u32 dims;
 * u32 rows; per row: the key's 8 bytes, f32 scale, dims int8.
 */
const MAGIC = "EFFIRLV1";
const HEADER = MAGIC.length + 32 + 8;

export function encodeVectors(model: string, rows: [key: string, row: Row][]): Uint8Array<ArrayBuffer> {
  const dims = rows[0]?.[1].row.length ?? 0;
  const bytes = new Uint8Array(HEADER + rows.length * (12 + dims));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(fromHex(model), MAGIC.length);
  view.setUint32(HEADER - 8, dims, true);
  view.setUint32(HEADER - 4, rows.length, true);
  rows.forEach(([key, { row, scale }], i) => {
    const at = HEADER + i * (12 + dims);
    bytes.set(fromHex(key), at);
    view.setFloat32(at + 8, scale, true);
    bytes.set(new Uint8Array(row.buffer, row.byteOffset, dims), at + 12);
  });
  return bytes;
}

/** decodeVectors returns undefined for a file that was not written to its end. */
export function decodeVectors(bytes: Uint8Array<ArrayBuffer>): { model: string; rows: [key: string, row: Row][] } | undefined {
  if (bytes.length < HEADER || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const dims = view.getUint32(HEADER - 8, true);
  const count = view.getUint32(HEADER - 4, true);
  if (bytes.length !== HEADER + count * (12 + dims)) return undefined;
  const rows: [string, Row][] = [];
  for (let i = 0; i < count; i++) {
    const at = HEADER + i * (12 + dims);
    const row = new Int8Array(bytes.slice(at + 12, at + 12 + dims).buffer);
    rows.push([toHex(bytes.subarray(at, at + 8)), { row, scale: view.getFloat32(at + 8, true) }]);
  }
  return { model: toHex(bytes.subarray(MAGIC.length, MAGIC.length + 32)), rows };
}

/**
 * keyOf returns 64 bits that stand for a text: two multiplicative hashes of its
 * UTF-16 units. Among a million texts two share theirs with probability 1 in 10^7.
 */
export function keyOf(text: string): string {
  let a = 0x9e3779b9;
  let b = 0x7f4a7c15;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul((b << 5) ^ (b >>> 27) ^ unit, 0x2c1b3c6d);
  }
  return hex32(scatter(a ^ text.length)) + hex32(scatter(b + text.length));
}

/** scatter spreads every bit of a number over all others. */
function scatter(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 15), 0x119de1f3);
  return (x ^ (x >>> 16)) >>> 0;
}

function hex32(x: number): string {
  return x.toString(16).padStart(8, "0");
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
