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
	panelStart = 64 // 0 is no address
)

// The reserved memory holds the longest panel.
const _ = uint(kernel.Reserved - panelStart - maxInputs/group*unpackedGroup)

// addMatMulQ4 emits the product. Panel by panel, weights are unpacked into the
// reserved memory, where they stay in the first-level cache while tiles of rows
// pass over them. The height of a tile is what 16 vector registers allow.
func addMatMulQ4(m *asm.Module, v Variant) {
	height, dots := 4, relaxedDots
	if v == Baseline {
		height, dots = 2, baselineDots
	}
	unpack := addUnpack(m)
	var tiles []*asm.Func // of one row, two rows, ...
	for rows := range height {
		tiles = append(tiles, addTile(m, rows+1, dots))
	}

	f := m.Func("mat_mul_q4")
	out, q, scale, sums, w := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	rows, n, k := f.I32(), f.I32(), f.I32()
	require(f, n, kernel.Panel)
	require(f, k, group)
	requireAtMost(f, k, maxInputs)

	groups := asm.Let(f, k.ShrU(5))
	panel := asm.Let(f, groups.Times(packedGroup))
	columns := asm.Let(f, n)
	f.While(columns, func() {
		f.Call(unpack, w, panel)

		o, qr, sr, gr := asm.Let(f, out), asm.Let(f, q), asm.Let(f, scale), asm.Let(f, sums)
		left := asm.Let(f, rows)
		f.While(left.GtU(asm.Int(height-1)), func() {
			f.Call(tiles[height-1], o, qr, sr, gr, n, k)
			o.Set(o.Add(bytesOf(n.Times(height))))
			qr.Set(qr.Add(k.Times(height)))
			sr.Set(sr.Add(bytesOf(groups.Times(height))))
			gr.Set(gr.Add(bytesOf(groups.Times(height))))
			left.Advance(-height)
		})
		for rest := 1; rest < height; rest++ {
			f.If(left.Eq(asm.Int(rest)), func() { f.Call(tiles[rest-1], o, qr, sr, gr, n, k) })
		}

		w.Set(w.Add(panel))
		out.Advance(4 * kernel.Panel)
		columns.Advance(-kernel.Panel)
	})
}

// addUnpack emits the function that unpacks the panel at w of size bytes.
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

// tile is the product of some rows and the unpacked panel. Each row has eight
// columns of sums in two vectors; they stay in registers over all groups.
type tile struct {
	*asm.Func
	out, q, scale, sums, n, k asm.I32

	rows []asm.I32      // the next group of each row of q
	w    asm.I32        // the next group of the panel
	acc  [][2]asm.F32x4 // by row and half of the panel
	dots func(*tile) [][2]asm.I32x4
}

// addTile emits the function of a tile. dots emits the integer sums of a group.
func addTile(m *asm.Module, rows int, dots func(*tile) [][2]asm.I32x4) *asm.Func {
	f := m.Func("")
	t := &tile{Func: f, out: f.I32(), q: f.I32(), scale: f.I32(), sums: f.I32(), n: f.I32(), k: f.I32(), dots: dots}
	t.rows = []asm.I32{t.q}
	for i := range rows {
		if i > 0 {
			t.rows = append(t.rows, asm.Let(f, t.rows[i-1].Add(t.k)))
		}
		t.acc = append(t.acc, [2]asm.F32x4{asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))})
	}
	t.w = asm.Let(f, asm.Int(panelStart))
	end := asm.Let(f, t.q.Add(t.k))
	stride := asm.Let(f, bytesOf(t.k.ShrU(5)))
	f.While(t.q.LtU(end), func() { t.group(stride) })
	t.store()
	return f
}

// group adds one group to all sums and moves on to the next. The scales and sums
// of consecutive rows are stride bytes apart.
func (t *tile) group(stride asm.I32) {
	dots := t.dots(t)
	scale, sums := t.scale, t.sums
	for i := range t.rows {
		if i > 0 {
			scale, sums = asm.Let(t.Func, scale.Add(stride)), asm.Let(t.Func, sums.Add(stride))
		}
		unit, sum := asm.Let(t.Func, scale.LoadF32Splat(0)), asm.Let(t.Func, sums.LoadF32Splat(0))
		for half, acc := range t.acc[i] {
			d, least := t.w.LoadF32x4(16*half), t.w.LoadF32x4(minimums+16*half)
			acc.Set(acc.Add(dots[i][half].Float().Mul(d).Mul(unit)))
			acc.Set(acc.Add(sum.Mul(least)))
		}
	}
	for _, r := range t.rows {
		r.Advance(group)
	}
	t.scale.Advance(4)
	t.sums.Advance(4)
	t.w.Advance(unpackedGroup)
}

// store writes the sums.
func (t *tile) store() {
	for _, acc := range t.acc {
		t.Store(t.out, 0, acc[0])
		t.Store(t.out, 16, acc[1])
		t.out.Set(t.out.Add(bytesOf(t.n)))
	}
}

// relaxedDots multiplies signed activations by unsigned weights in pairs. The
// sums of a group fit in 16 bits: eight steps of at most 2 * 15 * 127 are 30480.
// They are widened once, by adding the two of each column.
func relaxedDots(t *tile) [][2]asm.I32x4 {
	sums := make([][2]asm.I16x8, len(t.rows))
	for step := range group / 4 {
		var w [2]asm.I8x16 // four inputs of four columns each
		for half := range w {
			w[half] = asm.Let(t.Func, t.w.LoadI8x16(steps+stepBytes*step+16*half))
		}
		for i, r := range t.rows {
			x := asm.Let(t.Func, r.LoadI8x4Splat(4*step))
			for half := range w {
				pairs := x.RelaxedDot(w[half])
				if step == 0 {
					sums[i][half] = asm.Let(t.Func, pairs)
				} else {
					sums[i][half].Set(sums[i][half].Add(pairs))
				}
			}
		}
	}
	dots := make([][2]asm.I32x4, len(t.rows))
	for i := range dots {
		for half := range 2 {
			dots[i][half] = sums[i][half].Dot(asm.ShortAll(1))
		}
	}
	return dots
}

// baselineDots widens both operands to 16 bits. A vector of weights then holds
// four inputs of two columns, and a sum two pairs of lanes, which are added once
// a group.
func baselineDots(t *tile) [][2]asm.I32x4 {
	sums := make([][4]asm.I32x4, len(t.rows))
	for step := range group / 4 {
		x := make([]asm.I16x8, len(t.rows))
		for i, r := range t.rows {
			x[i] = asm.Let(t.Func, r.LoadI8x4Splat(4*step).ExtendLowS())
		}
		for quarter := range 4 {
			w := asm.Let(t.Func, t.w.LoadExtendU8x8(steps+stepBytes*step+8*quarter))
			for i := range t.rows {
				pairs := x[i].Dot(w)
				if step == 0 {
					sums[i][quarter] = asm.Let(t.Func, pairs)
				} else {
					sums[i][quarter].Set(sums[i][quarter].Add(pairs))
				}
			}
		}
	}
	dots := make([][2]asm.I32x4, len(t.rows))
	for i, s := range sums {
		for half := range 2 {
			a, b := s[2*half], s[2*half+1]
			dots[i][half] = a.Shuffle(b, 0, 2, 4, 6).Add(a.Shuffle(b, 1, 3, 5, 7))
		}
	}
	return dots
}
