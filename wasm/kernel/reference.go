package kernel

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Reference is the specification in code: the shortest true statement of each
// operation, held to by all other implementations bit by bit. It is slow.
type Reference struct{ *Arena }

// NewReference returns the reference kernels over a memory of their own.
func NewReference() Reference { return Reference{NewArena()} }

var _ Kernels = Reference{}

// Name implements [Kernels].
func (Reference) Name() string { return "reference" }

// Embed implements [Kernels].
func (a Reference) Embed(out, table, ids Ptr, rows, dim int) {
	o := a.Floats(out, rows*dim)
	for r, id := range a.Int32s(ids, rows) {
		row := a.Bytes(table.Add(int(id)*Q8RowBytes(dim)), Q8RowBytes(dim))
		values := row[dim/Group*2:]
		for i := range dim {
			scale := Float16(binary.LittleEndian.Uint16(row[i/Group*2:]))
			o[r*dim+i] = float32(int8(values[i])) * scale
		}
	}
}

// EmbedQ4 implements [Kernels].
func (a Reference) EmbedQ4(out, table, ids Ptr, rows, dim int) {
	o := a.Floats(out, rows*dim)
	for r, id := range a.Int32s(ids, rows) {
		row := a.Bytes(table.Add(int(id)*Q4RowBytes(dim)), Q4RowBytes(dim))
		for i := range dim {
			scale, level := q4RowAt(row, dim, i)
			o[r*dim+i] = float32(level) * scale
		}
	}
}

// RMSNorm implements [Kernels].
func (a Reference) RMSNorm(out, x, w Ptr, rows, dim int, eps float32) {
	weight := a.Floats(w, dim)
	for r := range rows {
		in, o := a.Floats(x.Add(4*r*dim), dim), a.Floats(out.Add(4*r*dim), dim)
		ss := sumLanes(dim, func(i int) float32 { return float32(in[i] * in[i]) })
		scale := 1 / Sqrt(ss/float32(dim)+eps)
		for i := range in {
			o[i] = float32(in[i]*scale) * weight[i]
		}
	}
}

// LayerNorm implements [Kernels].
func (a Reference) LayerNorm(out, x, w, b Ptr, rows, dim int, eps float32) {
	weight, bias := a.Floats(w, dim), a.Floats(b, dim)
	for r := range rows {
		in, o := a.Floats(x.Add(4*r*dim), dim), a.Floats(out.Add(4*r*dim), dim)
		mean := sumLanes(dim, func(i int) float32 { return in[i] }) / float32(dim)
		variance := sumLanes(dim, func(i int) float32 {
			d := in[i] - mean
			return float32(d * d)
		}) / float32(dim)
		scale := 1 / Sqrt(variance+eps)
		for i := range in {
			o[i] = float32(float32((in[i]-mean)*scale)*weight[i]) + bias[i]
		}
	}
}

// Quantise implements [Kernels].
func (a Reference) Quantise(q, scale, sums, x Ptr, rows, dim int) {
	groups := rows * (dim / Group)
	scales, products := a.Floats(scale, groups), a.Floats(sums, groups)
	for g := range groups {
		in, out := a.Floats(x.Add(4*g*Group), Group), a.Int8s(q.Add(g*Group), Group)
		var peak, sum float32
		for _, v := range in {
			peak = max(peak, max(v, -v))
		}
		var inverse float32
		if peak >= QuantiseMin {
			inverse = 127 / peak
		}
		for i, v := range in {
			out[i] = int8(math.RoundToEven(float64(float32(v * inverse))))
			sum += float32(out[i])
		}
		scales[g] = peak / 127
		products[g] = sum * scales[g]
	}
}

// MatMulQ4 implements [Kernels].
func (a Reference) MatMulQ4(out, q, scale, sums, w Ptr, rows, n, k int) {
	a.matMul(out, q, scale, sums, a.Bytes(w, Q4Bytes(n, k)), q4, rows, n, k)
}

// MatMulQ7 implements [Kernels].
func (a Reference) MatMulQ7(out, q, scale, sums, w Ptr, rows, n, k int) {
	a.matMul(out, q, scale, sums, a.Bytes(w, Q7Bytes(n, k)), q7, rows, n, k)
}

func (a Reference) matMul(out, q, scale, sums Ptr, weights []byte, layout layout, rows, n, k int) {
	groups := k / Group
	o := a.Floats(out, rows*n)
	for r := range rows {
		row := a.Int8s(q.Add(r*k), k)
		scales, products := a.Floats(scale.Add(4*r*groups), groups), a.Floats(sums.Add(4*r*groups), groups)
		for c := range n {
			var acc float32
			for g := range groups {
				block := weights[(c/Panel*groups+g)*layout.groupBytes():]
				var d, m float32
				var dot int32
				for i := range Group {
					var level int32
					d, m, level = layout.at(block, c%Panel, i)
					dot += level * int32(row[g*Group+i])
				}
				acc += float32(float32(float32(dot)*d) * scales[g])
				acc += float32(products[g] * m)
			}
			o[r*n+c] = acc
		}
	}
}

// RoPE implements [Kernels].
func (a Reference) RoPE(x, table Ptr, rows, heads, headDim, stride int) {
	half := headDim / 2
	for r := range rows {
		turn := a.Floats(table.Add(4*r*headDim), headDim)
		for h := range heads {
			head := a.Floats(x.Add(4*(r*stride+h*headDim)), headDim)
			for i := range half {
				first, second, cos, sin := head[i], head[i+half], turn[i], turn[i+half]
				head[i] = float32(first*cos) - float32(second*sin)
				head[i+half] = float32(second*cos) + float32(first*sin)
			}
		}
	}
}

// Attention implements [Kernels].
func (a Reference) Attention(out, qkv, scratch Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool) {
	stride := (heads + 2*kvHeads) * headDim
	x, o := a.Floats(qkv, rows*stride), a.Floats(out, rows*heads*headDim)
	p := a.Floats(scratch, rows)
	for r := range rows {
		visible := rows
		if causal {
			visible = r + 1
		}
		for h := range heads {
			kvHead := h / (heads / kvHeads)
			query := x[r*stride+h*headDim:][:headDim]
			top := float32(math.Inf(-1))
			for j := range visible {
				key := x[j*stride+(heads+kvHead)*headDim:][:headDim]
				var dot float32
				for d, v := range query {
					dot += float32(v * key[d])
				}
				p[j] = dot * scale
				top = max(top, p[j])
			}
			for j := range visible {
				p[j] = Exp(p[j] - top)
			}
			inverse := 1 / sumLanes(visible, func(j int) float32 { return p[j] })
			for d := range headDim {
				var acc float32
				for j := range visible {
					acc += float32(p[j] * x[j*stride+(heads+kvHeads+kvHead)*headDim+d])
				}
				o[(r*heads+h)*headDim+d] = acc * inverse
			}
		}
	}
}

// SwiGLU implements [Kernels].
func (a Reference) SwiGLU(out, x Ptr, rows, dim int) {
	for r := range rows {
		in, o := a.Floats(x.Add(4*r*2*dim), 2*dim), a.Floats(out.Add(4*r*dim), dim)
		for i := range o {
			gate := in[i]
			o[i] = float32(gate/(1+Exp(-gate))) * in[dim+i]
		}
	}
}

// GELU implements [Kernels].
func (a Reference) GELU(x, b Ptr, rows, dim int) {
	bias := a.Floats(b, dim)
	for r := range rows {
		row := a.Floats(x.Add(4*r*dim), dim)
		for i, v := range row {
			row[i] = GELU(v + bias[i])
		}
	}
}

// Bias implements [Kernels].
func (a Reference) Bias(x, b Ptr, rows, dim int) {
	bias := a.Floats(b, dim)
	for r := range rows {
		row := a.Floats(x.Add(4*r*dim), dim)
		for i := range row {
			row[i] += bias[i]
		}
	}
}

// Add implements [Kernels].
func (a Reference) Add(x, y Ptr, count int) {
	sum := a.Floats(x, count)
	for i, v := range a.Floats(y, count) {
		sum[i] += v
	}
}

// MeanPool implements [Kernels].
func (a Reference) MeanPool(out, x Ptr, rows, dim int) {
	o, in := a.Floats(out, dim), a.Floats(x, rows*dim)
	inverse := 1 / float32(rows)
	for i := range o {
		var sum float32
		for r := range rows {
			sum += in[r*dim+i]
		}
		o[i] = sum * inverse
	}
}

// Dense implements [Kernels].
func (a Reference) Dense(out, x, w, bias Ptr, n, k int) {
	o, in, weights := a.Floats(out, n), a.Floats(x, k), a.Floats(w, n*k)
	for c, sum := range a.Floats(bias, n) {
		for i, v := range in {
			sum += float32(v * weights[i*n+c])
		}
		o[c] = sum
	}
}

// Normalise implements [Kernels].
func (a Reference) Normalise(x Ptr, dim int) {
	v := a.Floats(x, dim)
	ss := sumLanes(dim, func(i int) float32 { return float32(v[i] * v[i]) })
	if ss == 0 {
		return
	}
	inverse := 1 / Sqrt(ss)
	for i := range v {
		v[i] *= inverse
	}
}

// DotI8 implements [Kernels].
func (a Reference) DotI8(out, query, vectors Ptr, count, dim int) {
	q, rows := a.Int8s(query, dim), a.Int8s(vectors, count*dim)
	for r := range a.Int32s(out, count) {
		var dot int32
		for i, v := range rows[r*dim:][:dim] {
			dot += int32(q[i]) * int32(v)
		}
		a.Int32s(out, count)[r] = dot
	}
}

// Score implements [Kernels].
func (a Reference) Score(found, x, scales Ptr, count int, scale, bound float32) int {
	dots, scores, pairs := a.Int32s(x, count), a.Floats(x, count), a.Bytes(found, 8*count)
	n := 0
	for r, s := range a.Floats(scales, count) {
		scores[r] = float32(float32(dots[r])*scale) * s
		if scores[r] > bound {
			binary.LittleEndian.PutUint32(pairs[8*n:], uint32(r))
			binary.LittleEndian.PutUint32(pairs[8*n+4:], math.Float32bits(scores[r]))
			n++
		}
	}
	return n
}

// Hamming implements [Kernels].
func (a Reference) Hamming(out, query, vectors Ptr, count, size int) {
	q, rows := a.Bytes(query, size), a.Bytes(vectors, count*size)
	distances := a.Int32s(out, count)
	for r := range distances {
		distances[r] = 0
		for i, v := range rows[r*size:][:size] {
			distances[r] += int32(bits.OnesCount8(q[i] ^ v))
		}
	}
}
