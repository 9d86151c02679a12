// Chooses between the two kernel modules. Both give the same bits.

// A function of three vectors that computes i32x4.relaxed_dot_i8x16_i7x16_add_s.
const relaxedProbe = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
  0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b, // type: (v128, v128, v128) -> v128
  0x03, 0x02, 0x01, 0x00, // one function of it
  0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b, // its code
]);

export const relaxed = WebAssembly.validate(relaxedProbe);

// Imported by name only if it is valid here: an invalid module would keep the
// worker from starting.
export const kernelModule = relaxed
  ? (await import("./kernels_relaxed.wasm")).default
  : (await import("./kernels_baseline.wasm")).default;
