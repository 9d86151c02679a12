// Package simd128 holds the kernels as WebAssembly modules. They implement
// [github.com/effir/effir/wasm/kernel.Kernels]; package generator, which writes
// them, documents their exports.
package simd128

import _ "embed"

//go:generate go run ./cmd

// Baseline runs in every engine that has 128-bit SIMD.
//
//go:embed kernels_baseline.wasm
var Baseline []byte

// Relaxed needs the relaxed SIMD instructions and is about twice as fast in
// matrix products. It leaves the same bits.
//
//go:embed kernels_relaxed.wasm
var Relaxed []byte
