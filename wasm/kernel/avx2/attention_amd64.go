package avx2

import "github.com/effir/effir/wasm/kernel"

// queryTile is the number of queries whose scores are in work at a time.
const queryTile = 4

// Attention implements [kernel.Kernels]. For every key/value head it transposes
// the keys, so that a lane is a key; then every tile of queries makes its
// scores, their softmax and the weighted sum of values.
//
// A query may compute more keys than it sees, up to a multiple of eight, because
// softmax sets those to 0 and a product with 0 leaves a sum as it is.
func (k *Kernels) Attention(out, qkv, scratch kernel.Ptr, rows, heads, kvHeads, headDim int, scale float32, causal bool) {
	multiple("headDim", headDim, 16)
	multiple("heads", heads, kvHeads)
	padded := (rows + 7) &^ 7
	a := attention{
		out: k.Floats(out, rows*heads*headDim), qkv: k.Floats(qkv, rows*(heads+2*kvHeads)*headDim),
		rows: rows, stride: (heads + 2*kvHeads) * headDim, outStride: heads * headDim,
		headDim: headDim, causal: causal, padded: padded,
		scale: [queryTile]float32{scale, scale, scale, scale},
	}
	work := k.Floats(scratch, kernel.AttentionScratch(rows, headDim)/4)
	if len(a.out) == 0 {
		return
	}
	a.keys, a.scores = work[:padded*headDim], work[padded*headDim:]
	group := heads / kvHeads
	for kv := range kvHeads {
		a.transposeKeys((heads + kv) * headDim)
		for h := kv * group; h < (kv+1)*group; h++ {
			for row := 0; row < rows; row += queryTile {
				a.queries(row, h*headDim, (heads+kvHeads+kv)*headDim)
			}
		}
	}
}

// attention is the operands of one call. Strides are in floats.
type attention struct {
	out, qkv     []float32
	keys, scores []float32 // [headDim, padded], [queryTile, padded]

	rows, padded      int
	stride, outStride int // of qkv, out
	headDim           int
	causal            bool
	scale             [queryTile]float32
}

// transposeKeys fills keys from the head at the given column of qkv. The last
// keys, fewer than eight, go one by one: there are at most 7 in a sequence.
func (a *attention) transposeKeys(column int) {
	j := 0
	for ; j+8 <= a.rows; j += 8 {
		transpose8(&a.keys[j], a.padded, &a.qkv[j*a.stride+column], a.stride, a.headDim/8)
	}
	for ; j < a.padded; j++ {
		for d := range a.headDim {
			var key float32
			if j < a.rows {
				key = a.qkv[j*a.stride+column+d]
			}
			a.keys[d*a.padded+j] = key
		}
	}
}

// queries computes one head of a tile of rows. column is that of the queries and
// of the result, values that of the values in qkv.
func (a *attention) queries(row, column, values int) {
	count := min(queryTile, a.rows-row)
	last := a.visible(row + count - 1)
	query := &a.qkv[row*a.stride+column]
	j := 0
	for ; j+16 <= (last+7)&^7; j += 16 {
		wide(count, &a.scores[j], a.padded, query, a.stride, &a.keys[j], a.padded, a.headDim, &a.scale[0])
	}
	if j < last {
		narrow(count, &a.scores[j], a.padded, query, a.stride, &a.keys[j], a.padded, a.headDim, &a.scale[0])
	}
	var inverse [queryTile]float32
	for i := range count {
		inverse[i] = softmax(&a.scores[i*a.padded], a.visible(row+i))
	}
	for d := 0; d < a.headDim; d += 16 {
		wide(count, &a.out[row*a.outStride+column+d], a.outStride, &a.scores[0], a.padded,
			&a.qkv[values+d], a.stride, last, &inverse[0])
	}
}

// visible returns how many keys the query of a row sees.
func (a *attention) visible(row int) int {
	if a.causal {
		return row + 1
	}
	return a.rows
}

// narrow multiplies 1 to 4 rows by 8 columns. It names each function, for calls
// by value would move their operands to the heap.
func narrow(rows int, out *float32, outStride int, x *float32, xStride int, y *float32, yStride, inputs int, factor *float32) {
	switch rows {
	case 1:
		tile1x8(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 2:
		tile2x8(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 3:
		tile3x8(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 4:
		tile4x8(out, outStride, x, xStride, y, yStride, inputs, factor)
	}
}

// wide multiplies 1 to 4 rows by 16 columns. It names each function, for calls
// by value would move their operands to the heap.
func wide(rows int, out *float32, outStride int, x *float32, xStride int, y *float32, yStride, inputs int, factor *float32) {
	switch rows {
	case 1:
		tile1x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 2:
		tile2x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 3:
		tile3x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 4:
		tile4x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	}
}
