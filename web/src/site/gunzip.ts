import { corrupt, type Ref } from "./reader.ts";

// Deflate makes no more than 1032 bytes of one.
const MAX_RATIO = 1032;

/** gunzip returns what a stored file holds, which must have exactly the promised size. */
export async function gunzip(stored: Uint8Array<ArrayBuffer>, ref: Ref): Promise<Uint8Array<ArrayBuffer>> {
  const file = `${ref.name}.bin`;
  if (ref.raw > MAX_RATIO * (stored.length + 1)) throw corrupt(file, "size", "is more than gzip can give");
  const raw = new Uint8Array(ref.raw);
  const reader = new Blob([stored]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw corrupt(file, "content", "is not gzip");
    });
    if (done) break;
    if (size + value.length > raw.length) {
      await reader.cancel().catch(() => {});
      throw corrupt(file, "content", `is longer than the promised ${ref.raw} bytes`);
    }
    raw.set(value, size);
    size += value.length;
  }
  if (size !== raw.length) throw corrupt(file, "content", `has ${size} instead of ${ref.raw} bytes`);
  return raw;
}
