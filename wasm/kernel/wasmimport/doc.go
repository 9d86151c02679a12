// Package wasmimport is the kernels as a Go program that is itself compiled to
// WebAssembly sees them: exports of another module, which the host instantiates
// first and offers to the program under the name "kernel". The engine connects
// the two; a call costs some nanoseconds and allocates nothing.
//
// The modules' exports are documented in package
// github.com/effir/effir/wasm/kernel/simd128/generator.
package wasmimport
