package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// A product works through its weights panel by panel. First the panel's scales
// and minimums are widened to floats, and nibbles to bytes, into the reserved
// memory; then tiles of rows pass over the panel, which stays in the first-level
// cache. Levels are 256 bytes a group: eight steps of four inputs, byte 4c+i of a
// step for column c and input i.
const (
	maxInputs = 16384

	levelBytes = kernel.Panel * group // of a group
	stepBytes  = 4 * kernel.Panel
	floatBytes = 2 * 4 * kernel.Panel // scales and minimums of a group
	minimums   = 4 * kernel.Panel
	halfBytes  = 2 * 2 * kernel.Panel // the same in float16

	floatStart = poolEnd
	levelStart = floatStart + maxInputs/group*floatBytes
)

// The reserved memory holds the longest panel.
const _ = uint(kernel.Reserved - levelStart - maxInputs/group*levelBytes)

// layout is how weights are packed.
type layout struct {
	name   string
	packed int // bytes of a group
	stride int // bytes from the levels of one group to those of the next
}

var (
	// q4 is that of [kernel.PackQ4]; tiles read unpacked levels.
	q4 = layout{"mat_mul_q4", halfBytes + levelBytes/2, levelBytes}
	// q7 is that of [kernel.PackQ7]; tiles read levels where they are.
	q7 = layout{"mat_mul_q7", halfBytes + levelBytes, halfBytes + levelBytes}
)

// unpacked reports whether tiles read levels from the reserved memory.
func (l layout) unpacked() bool { return l.stride != l.packed }

// addMatMul emits the products. The relaxed variant has two ways to multiply and
// exports dot_in_fours(yes), which picks one: with 1 the instruction that adds four
// products to a sum, with 0, as at the start, the one that adds two products.
// Results are the same bits. Fours are faster where the engine has one machine
// instruction for them (AVX-VNNI, ARM's dot product), up to 1.6 times with 7-bit
// weights, and slower by as much elsewhere.
func addMatMul(m *asm.Module, v Variant) {
	if v == Baseline {
		q4.addProduct(m, addTiles(m, 2, q4, baselineDots), nil)
		q7.addProduct(m, addTiles(m, 2, q7, baselineDots), nil)
		return
	}
	inFours := m.Global(0)
	f := m.Func("dot_in_fours")
	yes := f.I32()
	f.SetGlobal(inFours, yes)

	// Twelve sums, two vectors of weights and one of activations are 15 registers;
	// multiplying in twos takes one more for each product.
	use := &choice{inFours, addTiles(m, 6, q4, accumulatingDots)}
	q4.addProduct(m, addTiles(m, 5, q4, narrowDots), use)
	use = &choice{inFours, addTiles(m, 6, q7, accumulatingDots)}
	q7.addProduct(m, addTiles(m, 5, q7, wideDots), use)
}

// choice is tiles to use where a global is not 0.
type choice struct {
	global asm.Global
	tiles  []*asm.Func
}

// addTiles emits tiles of one row, two rows, ... up to height.
func addTiles(m *asm.Module, height int, l layout, dots dots) (tiles []*asm.Func) {
	for rows := range height {
		tiles = append(tiles, addTile(m, rows+1, l, dots))
	}
	return tiles
}

// addProduct emits the operation. Rows are spread evenly over the fewest tiles,
// since a tile costs the loads of all weights however few rows it has.
//
// While several tiles pass over a panel, memory would rest and then be waited for:
// so they touch the next panel on their way, each its part. Behind the last panel
// lies what is multiplied next, as a rule, or else any memory. One tile alone
// reads so steadily that the processor looks ahead by itself, and touching is in
// its way: with 4 rows it cost a third, with 16 it gains a sixth.
func (l layout) addProduct(m *asm.Module, tiles []*asm.Func, other *choice) {
	unpack := l.addUnpack(m)

	f := m.Func(l.name)
	out, q, scale, sums, w := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	rows, n, k := f.I32(), f.I32(), f.I32()
	require(f, n, kernel.Panel)
	require(f, k, group)
	requireAtMost(f, k, maxInputs)

	groups := asm.Let(f, k.ShrU(5))
	panel := asm.Let(f, groups.Times(l.packed))
	levels := asm.Let(f, asm.Int(levelStart))
	height := asm.Let(f, asm.Int(len(tiles)))
	if other != nil {
		f.If(other.global.Get(), func() { height.Set(asm.Int(len(other.tiles))) })
	}
	columns := asm.Let(f, n)
	f.While(columns, func() {
		f.Call(unpack, w, panel)
		if !l.unpacked() {
			levels.Set(w.Plus(halfBytes))
		}

		o, qr, sr, gr := asm.Let(f, out), asm.Let(f, q), asm.Let(f, scale), asm.Let(f, sums)
		left, count := asm.Let(f, rows), asm.Let(f, rows.Plus(-1).Add(height).DivU(height))
		ahead, pace := asm.Let(f, w), asm.Let(f, asm.Int(0))
		there := asm.MemorySize().Shl(16).Sub(w) // bytes of memory from w on, modulo 2^32
		f.If(count.GtU(asm.Int(1)).And(there.GtU(panel.Shl(1))), func() {
			ahead.Set(w.Add(panel))
			pace.Set(asm.Int(l.packed).DivU(count))
		})
		part := asm.Let(f, pace.Mul(groups))
		f.While(left, func() {
			h := asm.Let(f, left.Plus(-1).Add(count).DivU(count)) // left/count, rounded up
			call := func(tiles []*asm.Func) {
				for i, t := range tiles {
					f.If(h.Eq(asm.Int(i+1)), func() { f.Call(t, o, qr, sr, gr, levels, n, k, ahead, pace) })
				}
			}
			if other != nil {
				f.If(other.global.Get(), func() { call(other.tiles) })
				f.If(other.global.Get().Eqz(), func() { call(tiles) })
			} else {
				call(tiles)
			}
			o.Set(o.Add(bytesOf(n.Mul(h))))
			qr.Set(qr.Add(k.Mul(h)))
			sr.Set(sr.Add(bytesOf(groups.Mul(h))))
			gr.Set(gr.Add(bytesOf(groups.Mul(h))))
			ahead.Set(ahead.Add(part))
			left.Set(left.Sub(h))
			count.Advance(-1)
		})

		w.Set(w.Add(panel))
		out.Advance(4 * kernel.Panel)
		columns.Advance(-kernel.Panel)
	})
}

// addUnpack emits the function that unpacks the panel at w of size bytes.
func (l layout) addUnpack(m *asm.Module) *asm.Func {
	f := m.Func("")
	w, size := f.I32(), f.I32()
	end := asm.Let(f, w.Add(size))
	floats, levels := asm.Let(f, asm.Int(floatStart)), asm.Let(f, asm.Int(levelStart))
	nibbles := asm.Let(f, asm.ShortAll(0x0f0f))
	f.While(w.LtU(end), func() {
		for i := range 4 {
			f.Store(floats, 16*i, float16(f, w.LoadExtendI16x4(8*i)))
		}
		floats.Advance(floatBytes)
		if l.unpacked() {
			for half := range 8 {
				block, side := half/2, half%2
				pairs := asm.Let(f, w.LoadI16x8(halfBytes+16*half))
				at := 2*stepBytes*block + 16*side
				f.Store(levels, at, pairs.And(nibbles))
				f.Store(levels, at+stepBytes, pairs.ShrU(4).And(nibbles))
			}
			levels.Advance(levelBytes)
		}
		w.Advance(l.packed)
	})
	return f
}
