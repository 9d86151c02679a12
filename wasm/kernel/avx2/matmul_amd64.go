package avx2

import "github.com/effir/effir/wasm/kernel"

// maxInputs is the largest k of MatMulQ4.
const maxInputs = 16384

// tile is a function that computes a number of rows of 8*panels results.
type tile = func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)

// strip is the tiles of a number of panels, by height: one row, two rows, ...
type strip struct {
	panels int
	tiles  []tile
}

// layout is how products with one kind of packed weights are computed: by strips,
// widest first, the last of one panel.
type layout struct {
	size   func(n, k int) int // of packed weights
	strips []strip
}

var (
	avx2Q4 = strip{1, []tile{q4Tile1, q4Tile2, q4Tile3, q4Tile4, q4Tile5, q4Tile6}}
	avx2Q7 = strip{1, []tile{q7Tile1, q7Tile2, q7Tile3, q7Tile4, q7Tile5, q7Tile6}}

	avxVNNIQ4 = strip{1, []tile{
		q4AVXVNNITile1, q4AVXVNNITile2, q4AVXVNNITile3, q4AVXVNNITile4, q4AVXVNNITile5, q4AVXVNNITile6,
	}}
	avxVNNIQ7 = strip{1, []tile{
		q7AVXVNNITile1, q7AVXVNNITile2, q7AVXVNNITile3, q7AVXVNNITile4, q7AVXVNNITile5, q7AVXVNNITile6,
	}}

	vnniQ4 = strip{2, []tile{
		q4VNNITile1, q4VNNITile2, q4VNNITile3, q4VNNITile4, q4VNNITile5, q4VNNITile6, q4VNNITile7, q4VNNITile8,
	}}
	vnniQ7 = strip{2, []tile{
		q7VNNITile1, q7VNNITile2, q7VNNITile3, q7VNNITile4, q7VNNITile5, q7VNNITile6, q7VNNITile7, q7VNNITile8,
	}}
)

// rowBlock is the number of rows that meet all weights before the next rows do:
// their activations, at most 1536 bytes each in the models at hand, stay in the
// second-level cache, as one panel of weights stays in the first.
const rowBlock = 64

// MatMulQ4 implements [kernel.Kernels].
func (k *Kernels) MatMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.matMul(k.q4, out, q, scale, sums, w, rows, n, inputs)
}

// MatMulQ7 implements [kernel.Kernels].
func (k *Kernels) MatMulQ7(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	k.matMul(k.q7, out, q, scale, sums, w, rows, n, inputs)
}

func (k *Kernels) matMul(l *layout, out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	multiple("n", n, kernel.Panel)
	multiple("k", inputs, kernel.Group)
	if inputs > maxInputs {
		panic("avx2: k is larger than 16384")
	}
	groups := inputs / kernel.Group
	o, levels := k.Floats(out, rows*n), k.Int8s(q, rows*inputs)
	scales, products := k.Floats(scale, rows*groups), k.Floats(sums, rows*groups)
	weights := k.Bytes(w, l.size(n, inputs))
	if groups == 0 {
		clear(o)
		return
	}
	for start := 0; start < rows; start += rowBlock {
		end := min(start+rowBlock, rows)
		column := 0
		for _, strip := range l.strips {
			for width := strip.panels * kernel.Panel; column+width <= n; column += width {
				panels := &weights[l.size(column, inputs)]
				// Rows are spread evenly over the fewest tiles.
				for row, count := start, (end-start+len(strip.tiles)-1)/len(strip.tiles); row < end; count-- {
					height := (end - row + count - 1) / count
					strip.tiles[height-1](&o[row*n+column], &levels[row*inputs], &scales[row*groups], &products[row*groups], panels, n, groups)
					row += height
				}
			}
		}
	}
}
