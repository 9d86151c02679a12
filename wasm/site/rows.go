package site

import (
	"math"

	"github.com/effir/effir/wasm/index"
)

// rows is a matrix of quantised vectors, as index.Vectors are.
type rows struct {
	dims   int
	scales []float32
	values []int8
}

func (m *rows) row(i int) []int8 { return m.values[i*m.dims:][:m.dims] }

// quantised is a query vector in int8.
type quantised struct {
	values []int8
	scale  float32
}

func quantise(vector []float32) (quantised, error) {
	values, scale, err := index.Quantise(vector)
	return quantised{values: values, scale: scale}, err
}

// similarity returns the cosine of q and row i as index.Vectors.Scores computes it.
func (m *rows) similarity(q quantised, i int) float32 {
	return float32(float32(float32(dot(q.values, m.row(i)))*q.scale) * m.scales[i])
}

func dot(a, b []int8) int32 {
	var sum int32
	for i, x := range a[:len(b)] {
		sum += int32(x) * int32(b[i])
	}
	return sum
}

func (m *rows) append(values []int8, scale float32) {
	m.values, m.scales = append(m.values, values...), append(m.scales, scale)
}

func appendRows(out []byte, m *rows) []byte {
	for _, scale := range m.scales {
		out = appendFloat(out, scale)
	}
	for _, x := range m.values {
		out = append(out, byte(x))
	}
	return out
}

// readRows reads count rows of dims numbers, which need not be there.
func readRows(r *reader, field string, count, dims int) rows {
	if int64(count)*(4+int64(dims)) > int64(len(r.rest)) {
		r.fail(field, "are more than the file holds")
		return rows{dims: dims}
	}
	m := rows{dims: dims, scales: make([]float32, count), values: make([]int8, count*dims)}
	for i := range m.scales {
		m.scales[i] = r.scale(field)
	}
	values := r.take(field, count*dims)
	for i, x := range values {
		if x == 0x80 {
			r.fail(field, "hold -128, which quantising never gives")
			break
		}
		m.values[i] = int8(x)
	}
	return m
}

// dequantise writes row i of m as numbers to out.
func (m *rows) dequantise(i int, out []float32) {
	scale := m.scales[i]
	for j, x := range m.row(i) {
		out[j] = float32(float32(x) * scale)
	}
}

// norm returns the length of a vector, summed in float64 in order.
func norm(vector []float32) float32 {
	var sum float64
	for _, x := range vector {
		sum += float64(float64(x) * float64(x))
	}
	return float32(math.Sqrt(sum))
}
