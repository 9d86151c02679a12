package avx2

import "github.com/effir/effir/wasm/kernel"

// Embed implements [kernel.Kernels].
func (k *Kernels) Embed(out, table, ids kernel.Ptr, rows, dim int) {
	multiple("dim", dim, kernel.Group)
	o := k.Floats(out, rows*dim)
	for r, id := range k.Int32s(ids, rows) {
		row := k.Bytes(table.Add(int(id)*kernel.Q8RowBytes(dim)), kernel.Q8RowBytes(dim))
		if dim > 0 {
			embedRow(&o[r*dim], &row[0], dim/kernel.Group)
		}
	}
}

// RMSNorm implements [kernel.Kernels].
func (k *Kernels) RMSNorm(out, x, w kernel.Ptr, rows, dim int, eps float32) {
	multiple("dim", dim, 8)
	o, in, weights := k.Floats(out, rows*dim), k.Floats(x, rows*dim), k.Floats(w, dim)
	for at := 0; at < len(in); at += dim {
		ss := sumSquares(&in[at], dim/8)
		scaleByWeights(&o[at], &in[at], &weights[0], 1/kernel.Sqrt(ss/float32(dim)+eps), dim/8)
	}
}

// Quantise implements [kernel.Kernels].
func (k *Kernels) Quantise(q, scale, sums, x kernel.Ptr, rows, dim int) {
	multiple("dim", dim, kernel.Group)
	groups := rows * (dim / kernel.Group)
	levels, in := k.Int8s(q, rows*dim), k.Floats(x, rows*dim)
	scales, products := k.Floats(scale, groups), k.Floats(sums, groups)
	if groups > 0 {
		quantise(&levels[0], &scales[0], &products[0], &in[0], groups)
	}
}

// RoPE implements [kernel.Kernels].
func (k *Kernels) RoPE(x, table kernel.Ptr, rows, heads, headDim, stride int) {
	multiple("headDim", headDim, 16)
	if heads < 0 || heads*headDim > stride {
		panic("avx2: heads do not fit the stride")
	}
	if rows == 0 || heads*headDim == 0 {
		return
	}
	turns := k.Floats(table, rows*headDim)
	v := k.Floats(x, (rows-1)*stride+heads*headDim)
	for r := range rows {
		rope(&v[r*stride], &turns[r*headDim], heads, headDim/2)
	}
}

// SwiGLU implements [kernel.Kernels].
func (k *Kernels) SwiGLU(out, x kernel.Ptr, rows, dim int) {
	multiple("dim", dim, 8)
	o, in := k.Floats(out, rows*dim), k.Floats(x, 2*rows*dim)
	for at := 0; at < len(o); at += dim {
		swiGLU(&o[at], &in[2*at], &in[2*at+dim], dim/8)
	}
}

// Add implements [kernel.Kernels].
func (k *Kernels) Add(x, y kernel.Ptr, count int) {
	multiple("count", count, 8)
	sum, addend := k.Floats(x, count), k.Floats(y, count)
	if count > 0 {
		add(&sum[0], &addend[0], count/8)
	}
}
