package avx2

import (
	"encoding/binary"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// maxDim is the largest dim of DotI8, of which 65536 products of bytes fit 32
// bits, and the largest size of Hamming.
const maxDim = 65536

// MeanPool implements [kernel.Kernels].
func (k *Kernels) MeanPool(out, x kernel.Ptr, rows, dim int) {
	multiple("dim", dim, 8)
	if rows <= 0 {
		panic("avx2: the mean of no rows")
	}
	o, in := k.Floats(out, dim), k.Floats(x, rows*dim)
	if dim > 0 {
		meanPool(&o[0], &in[0], 1/float32(rows), rows, dim/8)
	}
}

// Dense implements [kernel.Kernels].
func (k *Kernels) Dense(out, x, w, bias kernel.Ptr, n, inputs int) {
	multiple("n", n, 8)
	o, b, in, weights := k.Floats(out, n), k.Floats(bias, n), k.Floats(x, inputs), k.Floats(w, n*inputs)
	switch {
	case n == 0:
	case inputs == 0:
		copy(o, b)
	default:
		dense(&o[0], &in[0], &weights[0], &b[0], n/8, inputs)
	}
}

// Normalise implements [kernel.Kernels].
func (k *Kernels) Normalise(x kernel.Ptr, dim int) {
	multiple("dim", dim, 8)
	v := k.Floats(x, dim)
	if dim == 0 {
		return
	}
	var ss float32
	if sumSquaresx1(&ss, &v[0], dim, dim/8); ss != 0 {
		scaleBy(&v[0], 1/kernel.Sqrt(ss), dim/8)
	}
}

// DotI8 implements [kernel.Kernels].
func (k *Kernels) DotI8(out, query, vectors kernel.Ptr, count, dim int) {
	multiple("dim", dim, 16)
	if dim > maxDim {
		panic("avx2: dim is larger than 65536")
	}
	o, q, rows := k.Int32s(out, count), k.Int8s(query, dim), k.Int8s(vectors, count*dim)
	if dim == 0 {
		clear(o)
		return
	}
	r := 0
	for ; r+4 <= count; r += 4 {
		dotI8x4(&o[r], &q[0], &rows[r*dim], dim/16)
	}
	for ; r < count; r++ {
		dotI8x1(&o[r], &q[0], &rows[r*dim], dim/16)
	}
}

// Score implements [kernel.Kernels].
func (k *Kernels) Score(found, x, scales kernel.Ptr, count int, scale, bound float32) int {
	multiple("count", count, 1)
	pairs, dots, scores, factors := k.Bytes(found, 8*count), k.Int32s(x, count), k.Floats(x, count), k.Floats(scales, count)
	n, whole := 0, count&^7
	if whole > 0 {
		n = score(&pairs[0], &dots[0], &factors[0], scale, bound, whole/8)
	}
	for r := whole; r < count; r++ {
		scores[r] = float32(float32(dots[r])*scale) * factors[r]
		if scores[r] > bound {
			binary.LittleEndian.PutUint32(pairs[8*n:], uint32(r))
			binary.LittleEndian.PutUint32(pairs[8*n+4:], math.Float32bits(scores[r]))
			n++
		}
	}
	return n
}

// Hamming implements [kernel.Kernels].
func (k *Kernels) Hamming(out, query, vectors kernel.Ptr, count, size int) {
	multiple("size", size, 16)
	if size > maxDim {
		panic("avx2: size is larger than 65536")
	}
	o, q, rows := k.Int32s(out, count), k.Bytes(query, size), k.Bytes(vectors, count*size)
	switch {
	case count == 0:
	case size == 0:
		clear(o)
	default:
		hamming(&o[0], &q[0], &rows[0], count, size/16)
	}
}
