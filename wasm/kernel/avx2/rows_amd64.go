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
	for at := 0; at < len(in); {
		var squares [sideBySide]float32
		count := 1
		if len(in)-at >= sideBySide*dim {
			count = sideBySide
			sumSquaresx4(&squares[0], &in[at], dim, dim/8)
		} else {
			sumSquaresx1(&squares[0], &in[at], dim, dim/8)
		}
		for _, ss := range squares[:count] {
			scaleByWeights(&o[at], &in[at], &weights[0], 1/kernel.Sqrt(ss/float32(dim)+eps), dim/8)
			at += dim
		}
	}
}

// sideBySide is the rows of which norms make sums at once.
const sideBySide = 4

// LayerNorm implements [kernel.Kernels].
func (k *Kernels) LayerNorm(out, x, w, b kernel.Ptr, rows, dim int, eps float32) {
	multiple("dim", dim, 8)
	o, in := k.Floats(out, rows*dim), k.Floats(x, rows*dim)
	weights, biases := k.Floats(w, dim), k.Floats(b, dim)
	for at := 0; at < len(in); {
		var means, squares [sideBySide]float32
		count := 1
		if len(in)-at >= sideBySide*dim {
			count = sideBySide
			sumx4(&means[0], &in[at], dim, dim/8)
		} else {
			sumx1(&means[0], &in[at], dim, dim/8)
		}
		for i := range means {
			means[i] /= float32(dim)
		}
		if count == sideBySide {
			sumSquaresAroundx4(&squares[0], &in[at], dim, &means[0], dim/8)
		} else {
			sumSquaresAroundx1(&squares[0], &in[at], dim, &means[0], dim/8)
		}
		for i := range count {
			factor, rest := 1/kernel.Sqrt(squares[i]/float32(dim)+eps), k.head(dim)
			if rest > 0 {
				layerNorm512(&o[at], &in[at], &weights[0], &biases[0], means[i], factor, rest/16)
			}
			if rest < dim {
				layerNorm(&o[at+rest], &in[at+rest], &weights[rest], &biases[rest], means[i], factor, (dim-rest)/8)
			}
			at += dim
		}
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
		k.add(v[at:at+dim], biases)
	}
}

// Add implements [kernel.Kernels].
func (k *Kernels) Add(x, y kernel.Ptr, count int) {
	multiple("count", count, 8)
	k.add(k.Floats(x, count), k.Floats(y, count))
}

// add adds y to x, of the same length.
func (k *Kernels) add(x, y []float32) {
	rest := k.head(len(x))
	if rest > 0 {
		add512(&x[0], &y[0], rest/16)
	}
	if rest < len(x) {
		add(&x[rest], &y[rest], (len(x)-rest)/8)
	}
}
