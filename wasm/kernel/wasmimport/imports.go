//go:build wasm

package wasmimport

import "github.com/effir/effir/wasm/kernel"

//go:wasmimport kernel variant
func variant() int32

//go:wasmimport kernel alloc
func alloc(size uint32) kernel.Ptr

//go:wasmimport kernel allocated
func allocated() kernel.Ptr

//go:wasmimport kernel poke64
func poke64(p kernel.Ptr, v uint64)

//go:wasmimport kernel peek64
func peek64(p kernel.Ptr) uint64

//go:wasmimport kernel poke8
func poke8(p kernel.Ptr, v uint32)

//go:wasmimport kernel peek8
func peek8(p kernel.Ptr) uint32

//go:wasmimport kernel embed
func embed(out, table, ids kernel.Ptr, rows, dim int32)

//go:wasmimport kernel embed_q4
func embedQ4(out, table, ids kernel.Ptr, rows, dim int32)

//go:wasmimport kernel rms_norm
func rmsNorm(out, x, w kernel.Ptr, rows, dim int32, eps float32)

//go:wasmimport kernel layer_norm
func layerNorm(out, x, w, b kernel.Ptr, rows, dim int32, eps float32)

//go:wasmimport kernel quantise
func quantise(q, scale, sums, x kernel.Ptr, rows, dim int32)

//go:wasmimport kernel mat_mul_q4
func matMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, k int32)

//go:wasmimport kernel mat_mul_q7
func matMulQ7(out, q, scale, sums, w kernel.Ptr, rows, n, k int32)

//go:wasmimport kernel rope
func rope(x, table kernel.Ptr, rows, heads, headDim, stride int32)

//go:wasmimport kernel attention
func attention(out, qkv, scratch kernel.Ptr, rows, heads, kvHeads, headDim int32, scale float32, causal bool)

//go:wasmimport kernel swi_glu
func swiGLU(out, x kernel.Ptr, rows, dim int32)

//go:wasmimport kernel gelu
func gelu(x, b kernel.Ptr, rows, dim int32)

//go:wasmimport kernel bias
func bias(x, b kernel.Ptr, rows, dim int32)

//go:wasmimport kernel add
func add(x, y kernel.Ptr, count int32)

//go:wasmimport kernel mean_pool
func meanPool(out, x kernel.Ptr, rows, dim int32)

//go:wasmimport kernel dense
func dense(out, x, w, bias kernel.Ptr, n, k int32)

//go:wasmimport kernel normalise
func normalise(x kernel.Ptr, dim int32)

//go:wasmimport kernel dot_i8
func dotI8(out, query, vectors kernel.Ptr, count, dim int32)

//go:wasmimport kernel score
func score(found, x, scales kernel.Ptr, count int32, scale, bound float32) int32

//go:wasmimport kernel hamming
func hamming(out, query, vectors kernel.Ptr, count, size int32)
