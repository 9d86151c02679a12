// Chooses between the two kernel modules, which give the same bits: the relaxed
// one, twice as fast, where its instructions are known and compute correctly. In
// it, between two ways to multiply: see tune.

// A function of three vectors that computes i32x4.relaxed_dot_i8x16_i7x16_add_s.
const relaxedProbe = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
  0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b, // type: (v128, v128, v128) -> v128
  0x03, 0x02, 0x01, 0x00, // one function of it
  0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b, // its code
]);

// The products that are compared: the operation, the bytes of a group of eight
// columns, the bits of a weight's byte that may be set.
const header = 32; // bytes: scales and minima
const layouts = [
  { operation: "mat_mul_q4", groupBytes: header + 128, mask: 0xff },
  { operation: "mat_mul_q7", groupBytes: header + 256, mask: 0x7f },
];

export const kernelModule = await choose();

// tune lets an instance multiply by the instruction that adds four products where
// this machine is faster by it. Results do not depend on it, so that it may happen
// at any time.
//
// It measures for some 60 ms and belongs behind an answer. The clock of runtimes
// may stand still while code runs: it is read again after a timer.
export async function tune({ dot_in_fours, limit_q4_twos, limit_fours }) {
  if (!dot_in_fours) return; // the baseline
  const best = [Infinity, Infinity];
  for (let turn = 0; turn < 3; turn++) {
    for (const [i, way] of [limit_q4_twos, limit_fours].entries()) {
      const began = Date.now();
      way(400_000); // some 10 ms: the clock counts whole milliseconds
      await new Promise((resolve) => setTimeout(resolve));
      best[i] = Math.min(best[i], Date.now() - began);
    }
  }
  // 7-bit weights gain more by fours than 4-bit ones. Where time stands still, twos stay.
  dot_in_fours(best[0] > 0 && best[1] < 1.15 * best[0] ? 1 : 0);
}

// choose imports the relaxed module by name only if it is valid here: an invalid
// module would keep the worker from starting.
async function choose() {
  const { default: baseline } = await import("./kernels_baseline.wasm");
  if (!WebAssembly.validate(relaxedProbe)) return baseline;
  const { default: relaxed } = await import("./kernels_relaxed.wasm");
  return layouts.every((layout) => agree(relaxed, baseline, layout)) ? relaxed : baseline;
}

// agree compares both ways of the relaxed module with the baseline, bit by bit.
function agree(relaxed, baseline, layout) {
  const expected = product(baseline, layout);
  return [0, 1].every((fours) => product(relaxed, layout, fours).every((bits, i) => bits === expected[i]));
}

// product returns the bits of a small matrix product, whose operands reach the
// ends of their ranges: activations -127 to 127, weights 0 to 15 or 0 to 127. Its
// shape is not a whole number of tiles, but several panels and groups.
function product(module, { operation, groupBytes, mask }, fours = 0) {
  const { exports } = new WebAssembly.Instance(module, {});
  exports.dot_in_fours?.(fours);
  const [rows, n, k] = [12, 24, 96];
  const groups = (n / 8) * (k / 32);
  const [out, q, scale, sums, w] = [4 * rows * n, rows * k, 4 * rows * (k / 32), 4 * rows * (k / 32), groups * groupBytes].map(exports.alloc);
  const view = new DataView(exports.memory.buffer);
  for (let i = 0; i < rows * k; i++) view.setInt8(q + i, i % 3 ? ((i * 37) % 255) - 127 : -127);
  for (let i = 0; i < rows * (k / 32); i++) {
    view.setFloat32(scale + 4 * i, 1 + i / 8, true);
    view.setFloat32(sums + 4 * i, 100 * i - 300, true);
  }
  for (let at = w; at < w + groups * groupBytes; at += groupBytes) {
    for (let i = 0; i < 16; i++) view.setUint16(at + 2 * i, 0x2c00 + 8 * i, true); // scales, minima: about 1/16
    for (let i = header; i < groupBytes; i++) view.setUint8(at + i, (i % 3 ? i * 29 : 0xff) & mask);
  }
  exports[operation](out, q, scale, sums, w, rows, n, k);
  return Array.from({ length: rows * n }, (_, i) => view.getUint32(out + 4 * i, true));
}
