package avx2

import "github.com/effir/effir/wasm/kernel"

// maxInputs is the largest k of MatMulQ4.
const maxInputs = 16384

// tile is a function that computes rows x (8*panels) results.
type tile struct {
	rows, panels int
	run          func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)
}

var avx2Tiles = []tile{
	{6, 1, q4Tile6}, {5, 1, q4Tile5}, {4, 1, q4Tile4}, {3, 1, q4Tile3}, {2, 1, q4Tile2}, {1, 1, q4Tile1},
}

var vnniTiles = append([]tile{
	{8, 2, q4VNNITile8}, {4, 2, q4VNNITile4}, {2, 2, q4VNNITile2}, {1, 2, q4VNNITile1},
}, avx2Tiles...)

// rowBlock is the number of rows that meet all weights before the next rows do:
// their activations, at most 1536 bytes each in the models at hand, stay in the
// second-level cache, as one panel of weights stays in the first.
const rowBlock = 64

// MatMulQ4 implements [kernel.Kernels].
func (k *Kernels) MatMulQ4(out, q, scale, sums, w kernel.Ptr, rows, n, inputs int) {
	multiple("n", n, kernel.Panel)
	multiple("k", inputs, kernel.Group)
	if inputs > maxInputs {
		panic("avx2: k is larger than 16384")
	}
	groups := inputs / kernel.Group
	o, levels := k.Floats(out, rows*n), k.Int8s(q, rows*inputs)
	scales, products := k.Floats(scale, rows*groups), k.Floats(sums, rows*groups)
	weights := k.Bytes(w, kernel.Q4Bytes(n, inputs))
	if groups == 0 {
		clear(o)
		return
	}
	for start := 0; start < rows; start += rowBlock {
		end := min(start+rowBlock, rows)
		for column := 0; column < n; {
			panels := k.tiles[0].panels
			if column+panels*kernel.Panel > n {
				panels = 1
			}
			panel := &weights[kernel.Q4Bytes(column, inputs)]
			for row := start; row < end; {
				t := k.tile(end-row, panels)
				t.run(&o[row*n+column], &levels[row*inputs], &scales[row*groups], &products[row*groups], panel, n, groups)
				row += t.rows
			}
			column += panels * kernel.Panel
		}
	}
}

// tile returns the tallest tile of the given width that fits.
func (k *Kernels) tile(rows, panels int) *tile {
	for i := range k.tiles {
		if t := &k.tiles[i]; t.panels == panels && t.rows <= rows {
			return t
		}
	}
	panic("avx2: no tile of one row")
}
