package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// One group of a panel is packed in 160 bytes (see [kernel.PackQ4]): float16
// scales and minimums of eight columns, then eight steps of four inputs, two
// steps a block in low and high nibbles. Unpacked it is 320 bytes: the scales and
// minimums as floats, then each step as 32 bytes, byte 4c+i for column c and
// input i of the step.
const (
	packedGroup   = 2*2*kernel.Panel + kernel.Panel*group/2
	unpackedGroup = 2*4*kernel.Panel + kernel.Panel*group
	minimums      = 4 * kernel.Panel
	steps         = 2 * minimums
	stepBytes     = 4 * kernel.Panel

	maxInputs  = 16384
	panelStart = 64 // 0 stays free, so that no pointer is null
)

// addMatMulQ4 emits the product. Panel by panel, weights are unpacked into the
// reserved memory, where they stay in the first-level cache while tiles of rows
// pass over them.
func addMatMulQ4(m *asm.Module, v Variant) {
	tallest := 4
	tile := relaxedTile
	if v == Baseline {
		tallest, tile = 2, baselineTile
	}
	var tiles []*asm.Func // by rows - 1
	for rows := range tallest {
		tiles = append(tiles, tile(m, rows+1))
	}
	unpack := addUnpack(m)

	f := m.Func("mat_mul_q4")
	out, q, scale, sums, w := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	rows, n, k := f.I32(), f.I32(), f.I32()
	require(f, n, kernel.Panel)
	require(f, k, group)
	requireAtMost(f, k, maxInputs)

	panelBytes := asm.Let(f, k.ShrU(5).Times(packedGroup))
	columns := asm.Let(f, n)
	f.While(columns, func() {
		f.Call(unpack, w, panelBytes)
		o, qr, sr, gr := asm.Let(f, out), asm.Let(f, q), asm.Let(f, scale), asm.Let(f, sums)
		left := asm.Let(f, rows)
		f.While(left.GtU(asm.Int(tallest-1)), func() {
			f.Call(tiles[tallest-1], o, qr, sr, gr, n, k)
			o.Set(o.Add(n.Shl(2).Times(tallest)))
			qr.Set(qr.Add(k.Times(tallest)))
			sr.Advance(4 * tallest)
			gr.Set(gr.Add(k.ShrU(5).Times(4 * tallest)))
			left.Advance(-tallest)
		})
		for r := 1; r < tallest; r++ {
			f.If(left.Eq(asm.Int(r)), func() { f.Call(tiles[r-1], o, qr, sr, gr, n, k) })
		}
		w.Set(w.Add(panelBytes))
		out.Advance(4 * kernel.Panel)
		columns.Advance(-kernel.Panel)
	})
}

// addUnpack emits the function that unpacks one panel.
func addUnpack(m *asm.Module) *asm.Func {
	f := m.Func("")
	w, size := f.I32(), f.I32()
	end := asm.Let(f, w.Add(size))
	to := asm.Let(f, asm.Int(panelStart))
	f.While(w.LtU(end), func() {
		for i := range 4 {
			f.Store(to, 16*i, float16(f, w.LoadExtendU16x4(8*i)))
		}
		for half := range 8 {
			block, side := half/2, half%2
			pairs := asm.Let(f, w.LoadI8x16(4*kernel.Panel+16*half))
			at := steps + 2*stepBytes*block + 16*side
			f.Store(to, at, pairs.And(asm.ByteAll(15)))
			f.Store(to, at+stepBytes, pairs.ShrU(4))
		}
		w.Advance(packedGroup)
		to.Advance(unpackedGroup)
	})
	return f
}

// tile is what the tile functions of both variants share.
type tile struct {
	*asm.Func
	out, q, scale, sums, n, k asm.I32
	rows                      []asm.I32 // the next group of each row of q
	w, end                    asm.I32   // in the unpacked panel
	acc                       [][2]asm.F32x4
}

func newTile(m *asm.Module, rows int) *tile {
	f := m.Func("")
	t := &tile{Func: f, out: f.I32(), q: f.I32(), scale: f.I32(), sums: f.I32(), n: f.I32(), k: f.I32()}
	for i := range rows {
		if i == 0 {
			t.rows = append(t.rows, t.q)
		} else {
			t.rows = append(t.rows, asm.Let(f, t.rows[i-1].Add(t.k)))
		}
		t.acc = append(t.acc, [2]asm.F32x4{asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))})
	}
	t.w = asm.Let(f, asm.Int(panelStart))
	t.end = asm.Let(f, t.q.Add(t.k))
	return t
}

// groups emits the loop over the groups of a tile.
func (t *tile) groups(dots func() [][2]asm.I32x4) *asm.Func {
	f := t.Func
	sumStride := asm.Let(f, t.k.ShrU(5).Shl(2))
	f.While(t.q.LtU(t.end), func() {
		dot := dots()
		for half := range 2 {
			d := asm.Let(f, t.w.LoadF32x4(16*half))
			for i := range t.rows {
				t.acc[i][half].Set(t.acc[i][half].Add(dot[i][half].Float().Mul(d)))
			}
		}
		s := t.sums
		for i := range t.rows {
			if i > 0 {
				s = asm.Let(f, s.Add(sumStride))
			}
			sum := asm.Let(f, s.LoadF32Splat(0))
			for half := range 2 {
				least := t.w.LoadF32x4(minimums + 16*half)
				t.acc[i][half].Set(t.acc[i][half].Add(sum.Mul(least)))
			}
		}
		t.sums.Advance(4)
		for _, r := range t.rows {
			r.Advance(group)
		}
		t.w.Advance(unpackedGroup)
	})
	for i := range t.rows {
		s := asm.Let(f, t.scale.LoadF32Splat(4*i))
		f.Store(t.out, 0, t.acc[i][0].Mul(s))
		f.Store(t.out, 16, t.acc[i][1].Mul(s))
		t.out.Set(t.out.Add(t.n.Shl(2)))
	}
	return f
}

// relaxedTile emits the product of rows and one panel. A group's sums stay in 16
// bits: eight steps of at most 2 * 15 * 127 each are 30480.
func relaxedTile(m *asm.Module, rows int) *asm.Func {
	t := newTile(m, rows)
	f := t.Func
	return t.groups(func() [][2]asm.I32x4 {
		acc := make([][2]asm.I16x8, rows)
		for step := range group / 4 {
			var w [2]asm.I8x16
			for half := range w {
				w[half] = asm.Let(f, t.w.LoadI8x16(steps+stepBytes*step+16*half))
			}
			for i, r := range t.rows {
				x := asm.Let(f, r.LoadI8x4Splat(4*step))
				for half := range w {
					if step == 0 {
						acc[i][half] = asm.Let(f, x.RelaxedDot(w[half]))
					} else {
						acc[i][half].Set(acc[i][half].Add(x.RelaxedDot(w[half])))
					}
				}
			}
		}
		dots := make([][2]asm.I32x4, rows)
		for i := range dots {
			for half := range 2 {
				dots[i][half] = acc[i][half].Dot(asm.ShortAll(1))
			}
		}
		return dots
	})
}

// baselineTile emits the product of rows and one panel.
func baselineTile(m *asm.Module, rows int) *asm.Func {
	t := newTile(m, rows)
	f := t.Func
	return t.groups(func() [][2]asm.I32x4 {
		acc := make([][4]asm.I32x4, rows)
		for step := range group / 4 {
			var x []asm.I16x8
			for _, r := range t.rows {
				x = append(x, asm.Let(f, r.LoadI8x4Splat(4*step).ExtendLowS()))
			}
			for quarter := range 4 {
				w := asm.Let(f, t.w.LoadExtendU8x8(steps+stepBytes*step+8*quarter))
				for i := range t.rows {
					if step == 0 {
						acc[i][quarter] = asm.Let(f, x[i].Dot(w))
					} else {
						acc[i][quarter].Set(acc[i][quarter].Add(x[i].Dot(w)))
					}
				}
			}
		}
		dots := make([][2]asm.I32x4, rows)
		for i := range dots {
			for half := range 2 {
				a, b := acc[i][2*half], acc[i][2*half+1]
				dots[i][half] = a.Shuffle(b, 0, 2, 4, 6).Add(a.Shuffle(b, 1, 3, 5, 7))
			}
		}
		return dots
	})
}
