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

// EmbedQ4 implements [kernel.Kernels].
func (k *Kernels) EmbedQ4(out, table, ids kernel.Ptr, rows, dim int) {
	multiple("dim", dim, kernel.Group)
	o := k.Floats(out, rows*dim)
	for r, id := range k.Int32s(ids, rows) {
		row := k.Bytes(table.Add(int(id)*kernel.Q4RowBytes(dim)), kernel.Q4RowBytes(dim))
		if dim > 0 {
			embedQ4Row(&o[r*dim], &row[0], dim/kernel.Group)
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

// LayerNorm implements [kernel.Kernels].
func (k *Kernels) LayerNorm(out, x, w, b kernel.Ptr, rows, dim int, eps float32) {
	multiple("dim", dim, 8)
	o, in := k.Floats(out, rows*dim), k.Floats(x, rows*dim)
	weights, biases := k.Floats(w, dim), k.Floats(b, dim)
	for at := 0; at < len(in); at += dim {
		mean := sum(&in[at], dim/8) / float32(dim)
		variance := sumSquaresAround(&in[at], mean, dim/8) / float32(dim)
		layerNorm(&o[at], &in[at], &weights[0], &biases[0], mean, 1/kernel.Sqrt(variance+eps), dim/8)
	}
}

// Quantise implements [kernel.Kernels].
func (k *Kernels) Quantise(q, scale, sums, x kernel.Ptr, rows, dim int) {
	multiple("dim", dim, kernel.Group)
	groups := rows * (dim / kernel.Group)
	levels, in := k.Int8s(q, rows*dim), k.Floats(x, rows*dim)
	scales, products := k.Floats(scale, groups), k.Floats(sums, groups)
	switch {
	case groups == 0:
	case k.wide:
		quantise512(&levels[0], &scales[0], &products[0], &in[0], groups)
	default:
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
		rest := k.head(dim)
		if rest > 0 {
			swiGLU512(&o[at], &in[2*at], &in[2*at+dim], rest/16)
		}
		if rest < dim {
			swiGLU(&o[at+rest], &in[2*at+rest], &in[2*at+dim+rest], (dim-rest)/8)
		}
	}
}

// head returns how many of dim floats 512-bit registers take.
func (k *Kernels) head(dim int) int {
	if k.wide {
		return dim &^ 15
	}
	return 0
}

// GELU implements [kernel.Kernels].
func (k *Kernels) GELU(x, b kernel.Ptr, rows, dim int) {
	multiple("dim", dim, 8)
	v, biases := k.Floats(x, rows*dim), k.Floats(b, dim)
	for at := 0; at < len(v); at += dim {
		rest := k.head(dim)
		if rest > 0 {
			gelu512(&v[at], &biases[0], rest/16)
		}
		if rest < dim {
			gelu(&v[at+rest], &biases[rest], (dim-rest)/8)
		}
	}
}

// Bias implements [kernel.Kernels].
func (k *Kernels) Bias(x, b kernel.Ptr, rows, dim int) {
	multiple("dim", dim, 8)
	v, biases := k.Floats(x, rows*dim), k.Floats(b, dim)
	for at := 0; at < len(v); at += dim {
		add(&v[at], &biases[0], dim/8)
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
