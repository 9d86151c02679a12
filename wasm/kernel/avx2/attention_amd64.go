package avx2

import (
	"unsafe"

	"github.com/effir/effir/wasm/kernel"
)

// queryTile is the most queries whose scores are in work at a time.
const queryTile = 8

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
		wide: k.wide,
	}
	for i := range a.scale {
		a.scale[i] = scale
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
			for row := 0; row < rows; {
				row += a.queries(row, h*headDim, (heads+kvHeads+kv)*headDim)
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
	wide              bool // in 512-bit registers
	scale             [queryTile]float32
}

// transposeKeys fills keys from the head at the given column of qkv. The last eight
// overlap the ones before them, and what follows them stays as it is: softmax sets to
// 0 what it becomes. Of a sequence shorter than eight, keys go one by one.
func (a *attention) transposeKeys(column int) {
	for j := 0; j < a.rows && a.rows >= 8; j += 8 {
		j = min(j, a.rows-8)
		transpose8(&a.keys[j], a.padded, &a.qkv[j*a.stride+column], a.stride, a.headDim/8)
	}
	for j := 0; j < a.rows && a.rows < 8; j++ {
		for d, key := range a.qkv[j*a.stride+column:][:a.headDim] {
			a.keys[d*a.padded+j] = key
		}
	}
}

// queries computes one head of a tile of rows and returns the tile's height. column
// is that of the queries and of the result, values that of the values in qkv.
func (a *attention) queries(row, column, values int) int {
	count := a.height(a.rows - row)
	last := a.visible(row + count - 1)
	query := &a.qkv[row*a.stride+column]
	end := (last + 7) &^ 7
	for j := 0; j < end; {
		j = a.start(j, end)
		j += a.multiply(count, end-j, &a.scores[j], a.padded, query, a.stride, &a.keys[j], a.padded, a.headDim, &a.scale[0])
	}
	var inverse [queryTile]float32
	visible, step := a.visible(row), a.visible(1)-a.visible(0)
	switch {
	case !a.wide:
		for i := range count {
			inverse[i] = softmax(&a.scores[i*a.padded], visible+i*step)
		}
	case count <= 4: // of rows below the tile's it makes something that nothing reads
		softmax512x4(&a.scores[0], a.padded, visible, step, &inverse[0])
	default:
		softmax512x8(&a.scores[0], a.padded, visible, step, &inverse[0])
	}
	for d := 0; d < a.headDim; {
		d += a.multiply(count, a.headDim-d, &a.out[row*a.outStride+column+d], a.outStride, &a.scores[0], a.padded,
			&a.qkv[values+d], a.stride, last, &inverse[0])
	}
	return count
}

// start returns where the tile begins that computes columns from j on, of end: to the
// left of j where a full tile reaches end only so, which computes some twice, alike.
func (a *attention) start(j, end int) int {
	if !a.wide {
		return j
	}
	width := 16
	if end-j > 16 && end >= 32 {
		width = 32
	}
	return max(0, min(j, end-width))
}

// height returns the height of the tallest tile of at most rows rows. All tiles but
// the last start at a multiple of 4, or of 8, so that the last keys which the queries
// of a tile see are of one group of eight: softmax sets to 0 what some do not see.
func (a *attention) height(rows int) int {
	if a.wide {
		return min(rows, 8)
	}
	return min(rows, 4)
}

// visible returns how many keys the query of a row sees.
func (a *attention) visible(row int) int {
	if a.causal {
		return row + 1
	}
	return a.rows
}

// multiply computes a tile of rows and of the greatest width that is at most
// columns, a multiple of 8, and returns the width. It names each function, for calls
// by value would move their operands to the heap.
func (a *attention) multiply(rows, columns int, out *float32, outStride int, x *float32, xStride int, y *float32, yStride, inputs int, factor *float32) int {
	if !a.wide || columns < 16 {
		width := min(columns&^7, 16)
		if rows > 4 { // two tiles
			a.multiply(4, width, out, outStride, x, xStride, y, yStride, inputs, factor)
			rows, out, x, factor = rows-4, shift(out, 4*outStride), shift(x, 4*xStride), shift(factor, 4)
		}
		switch rows + width {
		case 1 + 8:
			tile1x8(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 2 + 8:
			tile2x8(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 3 + 8:
			tile3x8(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 4 + 8:
			tile4x8(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 1 + 16:
			tile1x16(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 2 + 16:
			tile2x16(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 3 + 16:
			tile3x16(out, outStride, x, xStride, y, yStride, inputs, factor)
		case 4 + 16:
			tile4x16(out, outStride, x, xStride, y, yStride, inputs, factor)
		}
		return width
	}
	width := 16
	if columns >= 32 {
		width = 32
	}
	switch rows + width {
	case 1 + 16:
		tile512x1x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 2 + 16:
		tile512x2x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 3 + 16:
		tile512x3x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 4 + 16:
		tile512x4x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 5 + 16:
		tile512x5x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 6 + 16:
		tile512x6x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 7 + 16:
		tile512x7x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 8 + 16:
		tile512x8x16(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 1 + 32:
		tile512x1x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 2 + 32:
		tile512x2x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 3 + 32:
		tile512x3x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 4 + 32:
		tile512x4x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 5 + 32:
		tile512x5x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 6 + 32:
		tile512x6x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 7 + 32:
		tile512x7x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	case 8 + 32:
		tile512x8x32(out, outStride, x, xStride, y, yStride, inputs, factor)
	}
	return width
}

// shift returns the address n floats further on.
func shift(p *float32, n int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*n))
}
