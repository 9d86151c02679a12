//go:build wasm

package wasmimport

import (
	"encoding/binary"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// Kernels implements [kernel.Kernels]. All values of it are the same module, of
// which a program has one instance. Where a size is outside an operation's
// contract, the module traps, which ends the program.
type Kernels struct{}

var _ kernel.Kernels = Kernels{}

// Name implements [kernel.Kernels].
func (Kernels) Name() string {
	if variant() == 1 {
		return "simd128-relaxed"
	}
	return "simd128-baseline"
}

// Alloc implements [kernel.Memory].
func (Kernels) Alloc(n int) (kernel.Ptr, error) {
	if n < 0 || n > math.MaxUint32 {
		return 0, kernel.ErrMemory
	}
	p := alloc(uint32(n))
	if p == 0 {
		return 0, kernel.ErrMemory
	}
	return p, nil
}

// Write implements [kernel.Memory]. It takes about a nanosecond a byte: hosts
// write weights directly.
func (Kernels) Write(p kernel.Ptr, src []byte) {
	check(p, len(src))
	for ; len(src) >= 8; src, p = src[8:], p+8 {
		poke64(p, binary.LittleEndian.Uint64(src))
	}
	for i, b := range src {
		poke8(p.Add(i), uint32(b))
	}
}

// Read implements [kernel.Memory].
func (Kernels) Read(dst []byte, p kernel.Ptr) {
	check(p, len(dst))
	for ; len(dst) >= 8; dst, p = dst[8:], p+8 {
		binary.LittleEndian.PutUint64(dst, peek64(p))
	}
	for i := range dst {
		dst[i] = byte(peek8(p.Add(i)))
	}
}

// check panics unless n bytes at p are allocated.
func check(p kernel.Ptr, n int) {
	if uint64(p)+uint64(n) > uint64(allocated()) {
		panic("wasmimport: a range outside of the allocated memory")
	}
}

// Embed implements [kernel.Kernels].
func (Kernels) Embed(out, table, ids kernel.Ptr, rows, dim int) {
	embed(out, table, ids, size(rows), size(dim))
}

// EmbedQ4 implements [kernel.Kernels].
func (Kernels) EmbedQ4(out, table, ids kernel.Ptr, rows, dim int) {
	embedQ4(out, table, ids, size(rows), size(dim))
}

// RMSNorm implements [kernel.Kernels].
func (Kernels) RMSNorm(out, x, w kernel.Ptr, rows, dim int, eps float32) {
	rmsNorm(out, x, w, size(rows), size(dim), eps)
}

// LayerNorm implements [kernel.Kernels].
func (Kernels) LayerNorm(out, x, w, b kernel.Ptr, rows, dim int, eps float32) {
	layerNorm(out, x, w, b, size(rows), size(dim), eps)
}

// Quantise implements [kernel.Kernels].
func (Kernels) Quantise(q, scale, sums, x kernel.Ptr, rows, dim int) {
	quantise(q, scale, sums, x, size(rows), size(dim))
}

// MatMulQ4 implements [kernel.Kernels].
func (Kernels) MatMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, k int) {
	matMulQ4(out, q, scale, sums, w, size(rows), size(n), size(k))
}

// MatMulQ7 implements [kernel.Kernels].
func (Kernels) MatMulQ7(out, q, scale, sums, w kernel.Ptr, rows, n, k int) {
	matMulQ7(out, q, scale, sums, w, size(rows), size(n), size(k))
}

// RoPE implements [kernel.Kernels].
func (Kernels) RoPE(x, table kernel.Ptr, rows, heads, headDim, stride int) {
	rope(x, table, size(rows), size(heads), size(headDim), size(stride))
}

// Attention implements [kernel.Kernels].
func (Kernels) Attention(out, qkv, scratch kernel.Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool) {
	attention(out, qkv, scratch, size(rows), size(heads), size(kvHeads), size(headDim), scale, causal)
}

// SwiGLU implements [kernel.Kernels].
func (Kernels) SwiGLU(out, x kernel.Ptr, rows, dim int) { swiGLU(out, x, size(rows), size(dim)) }

// GELU implements [kernel.Kernels].
func (Kernels) GELU(x, b kernel.Ptr, rows, dim int) { gelu(x, b, size(rows), size(dim)) }

// Bias implements [kernel.Kernels].
func (Kernels) Bias(x, b kernel.Ptr, rows, dim int) { bias(x, b, size(rows), size(dim)) }

// Add implements [kernel.Kernels].
func (Kernels) Add(x, y kernel.Ptr, count int) { add(x, y, size(count)) }

// MeanPool implements [kernel.Kernels].
func (Kernels) MeanPool(out, x kernel.Ptr, rows, dim int) { meanPool(out, x, size(rows), size(dim)) }

// Dense implements [kernel.Kernels].
func (Kernels) Dense(out, x, w, bias kernel.Ptr, n, k int) {
	dense(out, x, w, bias, size(n), size(k))
}

// Normalise implements [kernel.Kernels].
func (Kernels) Normalise(x kernel.Ptr, dim int) { normalise(x, size(dim)) }

// DotI8 implements [kernel.Kernels].
func (Kernels) DotI8(out, query, vectors kernel.Ptr, count, dim int) {
	dotI8(out, query, vectors, size(count), size(dim))
}

// Score implements [kernel.Kernels].
func (Kernels) Score(found, x, scales kernel.Ptr, count int, scale, bound float32) int {
	return int(score(found, x, scales, size(count), scale, bound))
}

// Hamming implements [kernel.Kernels].
func (Kernels) Hamming(out, query, vectors kernel.Ptr, count, bytes int) {
	hamming(out, query, vectors, size(count), size(bytes))
}

// size returns n as an i32 parameter. It panics if n is not a size.
func size(n int) int32 {
	if n < 0 || n > math.MaxInt32 {
		panic("wasmimport: a size out of range")
	}
	return int32(n)
}
