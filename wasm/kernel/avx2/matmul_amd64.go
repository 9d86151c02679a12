package avx2

import (
	"sync"

	"github.com/effir/effir/wasm/kernel"
)

// maxInputs is the largest k of MatMulQ4.
const maxInputs = 16384

// tile is a function that computes a number of rows of 8*panels results.
type tile = func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)

// strip is the tiles of a number of panels, by height: one row, two rows, ... Where as
// many tiles as least meet the same panels, unpack, if not nil, unpacks them for other
// tiles, of the same heights; without them, a strip may have none.
type strip struct {
	panels int
	tiles  []tile

	unpack   func(out, w *byte, groups int)
	unpacked []tile
	least    int
}

// The bytes of a group of an unpacked panel: scales and minimums as floats, and
// levels. Panels that have more than unpackedGroups together are not unpacked: they
// would fill the first-level cache.
const (
	unpackedBytes  = 2*4*kernel.Panel + kernel.Panel*kernel.Group
	unpackedGroups = 96
)

// choose returns the tiles for a number of rows and groups, nil where there are none,
// and whether panels are to be unpacked for them.
func (s *strip) choose(rows, groups int) (tiles []tile, unpack bool) {
	if s.unpack == nil || s.panels*groups > unpackedGroups || tilesFor(rows, s.unpacked) < s.least {
		return s.tiles, false
	}
	return s.unpacked, true
}

// tilesFor returns the least number of tiles that rows take.
func tilesFor(rows int, tiles []tile) int { return (rows + len(tiles) - 1) / len(tiles) }

// layout is how products with one kind of packed weights are computed: by strips,
// widest first, the last of one panel.
type layout struct {
	size   func(n, k int) int // of packed weights
	strips []strip
}

var (
	avx2Q4 = strip{
		1, []tile{q4Tile1, q4Tile2, q4Tile3, q4Tile4, q4Tile5, q4Tile6},
		q4Unpack, []tile{q4UnpackedTile1, q4UnpackedTile2, q4UnpackedTile3, q4UnpackedTile4, q4UnpackedTile5, q4UnpackedTile6}, 2,
	}
	avx2Q7 = strip{panels: 1, tiles: []tile{q7Tile1, q7Tile2, q7Tile3, q7Tile4, q7Tile5, q7Tile6}}

	avxVNNIQ4 = strip{panels: 1, tiles: []tile{
		q4AVXVNNITile1, q4AVXVNNITile2, q4AVXVNNITile3, q4AVXVNNITile4, q4AVXVNNITile5, q4AVXVNNITile6,
	}}
	avxVNNIQ7 = strip{panels: 1, tiles: []tile{
		q7AVXVNNITile1, q7AVXVNNITile2, q7AVXVNNITile3, q7AVXVNNITile4, q7AVXVNNITile5, q7AVXVNNITile6,
	}}

	vnniQ4 = strip{panels: 2, tiles: []tile{
		q4VNNITile1x16, q4VNNITile2x16, q4VNNITile3x16, q4VNNITile4x16,
		q4VNNITile5x16, q4VNNITile6x16, q4VNNITile7x16, q4VNNITile8x16,
	}}
	vnniQ7 = strip{panels: 2, tiles: []tile{
		q7VNNITile1x16, q7VNNITile2x16, q7VNNITile3x16, q7VNNITile4x16,
		q7VNNITile5x16, q7VNNITile6x16, q7VNNITile7x16, q7VNNITile8x16,
	}}

	// As many tiles as it takes until unpacking pays are at least five rows high.
	vnniUnpacked = []tile{4: unpackedVNNITile5x32, 5: unpackedVNNITile6x32}
	vnniWideQ4   = strip{4, nil, q4Unpack512, vnniUnpacked, vnniLeast}
	vnniWideQ7   = strip{
		4, []tile{q7VNNITile1x32, q7VNNITile2x32, q7VNNITile3x32, q7VNNITile4x32, q7VNNITile5x32, q7VNNITile6x32},
		q7Unpack512, vnniUnpacked, vnniLeast,
	}
)

// vnniLeast is the tiles with which unpacking pays: it takes as long as a third of one,
// and they are then a twentieth faster.
const vnniLeast = 14

// spaces are where panels are unpacked: products of several goroutines run at once.
var spaces = sync.Pool{New: func() any { return new([unpackedGroups * unpackedBytes]byte) }}

// rowBlock is the number of rows that meet all weights before the next rows do:
// their activations, at most 1536 bytes each in the models at hand, stay in the
// second-level cache, as one panel of weights stays in the first.
const rowBlock = 128

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
	space := spaces.Get().(*[unpackedGroups * unpackedBytes]byte)
	defer spaces.Put(space)
	for start := 0; start < rows; start += rowBlock {
		end := min(start+rowBlock, rows)
		column := 0
		for _, strip := range l.strips {
			tiles, unpack := strip.choose(end-start, groups)
			if tiles == nil {
				continue
			}
			for width := strip.panels * kernel.Panel; column+width <= n; column += width {
				panels := &weights[l.size(column, inputs)]
				if unpack {
					strip.unpack(&space[0], panels, groups)
					panels = &space[0]
				}
				// Rows are spread evenly over the fewest tiles.
				count := tilesFor(end-start, tiles)
				for row := start; row < end; count-- {
					height := (end - row + count - 1) / count
					tiles[height-1](&o[row*n+column], &levels[row*inputs], &scales[row*groups], &products[row*groups], panels, n, groups)
					row += height
				}
			}
		}
	}
}
