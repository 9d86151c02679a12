package wazerokernel

import (
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// Embed implements [kernel.Kernels].
func (k *Kernels) Embed(out, table, ids kernel.Ptr, rows, dim int) {
	k.call(k.embed, uint64(out), uint64(table), uint64(ids), count(rows), count(dim))
}

// EmbedQ4 implements [kernel.Kernels].
func (k *Kernels) EmbedQ4(out, table, ids kernel.Ptr, rows, dim int) {
	k.call(k.embedQ4, uint64(out), uint64(table), uint64(ids), count(rows), count(dim))
}

// RMSNorm implements [kernel.Kernels].
func (k *Kernels) RMSNorm(out, x, w kernel.Ptr, rows, dim int, eps float32) {
	k.call(k.rmsNorm, uint64(out), uint64(x), uint64(w), count(rows), count(dim), float(eps))
}

// LayerNorm implements [kernel.Kernels].
func (k *Kernels) LayerNorm(out, x, w, b kernel.Ptr, rows, dim int, eps float32) {
	k.call(k.layerNorm, uint64(out), uint64(x), uint64(w), uint64(b), count(rows), count(dim), float(eps))
}

// Quantise implements [kernel.Kernels].
func (k *Kernels) Quantise(q, scale, sums, x kernel.Ptr, rows, dim int) {
	k.call(k.quantise, uint64(q), uint64(scale), uint64(sums), uint64(x), count(rows), count(dim))
}

// MatMulQ4 implements [kernel.Kernels].
func (k *Kernels) MatMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.call(k.matMulQ4, uint64(out), uint64(q), uint64(scale), uint64(sums), uint64(w), count(rows), count(n), count(inputs))
}

// MatMulQ7 implements [kernel.Kernels].
func (k *Kernels) MatMulQ7(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.call(k.matMulQ7, uint64(out), uint64(q), uint64(scale), uint64(sums), uint64(w), count(rows), count(n), count(inputs))
}

// RoPE implements [kernel.Kernels].
func (k *Kernels) RoPE(x, table kernel.Ptr, rows, heads, headDim, stride int) {
	k.call(k.rope, uint64(x), uint64(table), count(rows), count(heads), count(headDim), count(stride))
}

// Attention implements [kernel.Kernels].
func (k *Kernels) Attention(out, qkv, scratch kernel.Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool) {
	var c uint64
	if causal {
		c = 1
	}
	k.call(k.attention, uint64(out), uint64(qkv), uint64(scratch),
		count(rows), count(heads), count(kvHeads), count(headDim), float(scale), c)
}

// SwiGLU implements [kernel.Kernels].
func (k *Kernels) SwiGLU(out, x kernel.Ptr, rows, dim int) {
	k.call(k.swiGLU, uint64(out), uint64(x), count(rows), count(dim))
}

// GELU implements [kernel.Kernels].
func (k *Kernels) GELU(x, b kernel.Ptr, rows, dim int) {
	k.call(k.gelu, uint64(x), uint64(b), count(rows), count(dim))
}

// Bias implements [kernel.Kernels].
func (k *Kernels) Bias(x, b kernel.Ptr, rows, dim int) {
	k.call(k.bias, uint64(x), uint64(b), count(rows), count(dim))
}

// Add implements [kernel.Kernels].
func (k *Kernels) Add(x, y kernel.Ptr, n int) { k.call(k.add, uint64(x), uint64(y), count(n)) }

// MeanPool implements [kernel.Kernels].
func (k *Kernels) MeanPool(out, x kernel.Ptr, rows, dim int) {
	k.call(k.meanPool, uint64(out), uint64(x), count(rows), count(dim))
}

// Dense implements [kernel.Kernels].
func (k *Kernels) Dense(out, x, w, bias kernel.Ptr, n, inputs int) {
	k.call(k.dense, uint64(out), uint64(x), uint64(w), uint64(bias), count(n), count(inputs))
}

// Normalise implements [kernel.Kernels].
func (k *Kernels) Normalise(x kernel.Ptr, dim int) { k.call(k.normalise, uint64(x), count(dim)) }

// DotI8 implements [kernel.Kernels].
func (k *Kernels) DotI8(out, query, vectors kernel.Ptr, rows, dim int) {
	k.call(k.dotI8, uint64(out), uint64(query), uint64(vectors), count(rows), count(dim))
}

// Score implements [kernel.Kernels].
func (k *Kernels) Score(found, x, scales kernel.Ptr, n int, scale, bound float32) int {
	return int(uint32(k.call(k.score, uint64(found), uint64(x), uint64(scales), count(n), float(scale), float(bound))))
}

// Hamming implements [kernel.Kernels].
func (k *Kernels) Hamming(out, query, vectors kernel.Ptr, rows, size int) {
	k.call(k.hamming, uint64(out), uint64(query), uint64(vectors), count(rows), count(size))
}

// count returns n as an i32 parameter. It panics if n is not a size.
func count(n int) uint64 {
	if n < 0 || n > math.MaxInt32 {
		panic("wazerokernel: a size out of range")
	}
	return uint64(n)
}

func float(x float32) uint64 { return uint64(math.Float32bits(x)) }
