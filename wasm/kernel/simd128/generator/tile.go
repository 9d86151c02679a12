package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

// tile is the product of some rows and the unpacked panel. Each row has eight
// columns of sums in two vectors. In high tiles they are kept on the stack while
// the integer sums of a group fill the registers: engines have 15 of 16 on x86-64.
type tile struct {
	*asm.Func
	out, q, scale, sums, levels, n, k asm.I32

	ahead, pace asm.I32 // what to touch with the next group, see addProduct, and the bytes to go on

	layout layout
	rows   []asm.I32      // the next group of each row of q
	floats asm.I32        // scales and minimums of the next group
	acc    [][2]asm.F32x4 // by row and half of the panel
	dots   dots
}

// addTile emits the function of a tile.
func addTile(m *asm.Module, rows int, l layout, dots dots) *asm.Func {
	f := m.Func("")
	t := &tile{
		Func: f, out: f.I32(), q: f.I32(), scale: f.I32(), sums: f.I32(), levels: f.I32(), n: f.I32(), k: f.I32(),
		ahead: f.I32(), pace: f.I32(),
		layout: l, dots: dots,
	}
	t.rows = []asm.I32{t.q}
	for i := range rows {
		if i > 0 {
			t.rows = append(t.rows, asm.Let(f, t.rows[i-1].Add(t.k)))
		}
		t.acc = append(t.acc, [2]asm.F32x4{asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))})
	}
	t.floats = asm.Let(f, asm.Int(floatStart))
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
			d, least := t.floats.LoadF32x4(16*half), t.floats.LoadF32x4(minimums+16*half)
			acc.Set(acc.Add(dots[i][half].Float().Mul(d).Mul(unit)))
			acc.Set(acc.Add(sum.Mul(least)))
		}
	}
	t.Touch(t.ahead)
	t.ahead.Set(t.ahead.Add(t.pace))
	for _, r := range t.rows {
		r.Advance(group)
	}
	t.scale.Advance(4)
	t.sums.Advance(4)
	t.floats.Advance(floatBytes)
	t.levels.Advance(t.layout.stride)
}

// store writes the sums.
func (t *tile) store() {
	for _, acc := range t.acc {
		t.Store(t.out, 0, acc[0])
		t.Store(t.out, 16, acc[1])
		t.out.Set(t.out.Add(bytesOf(t.n)))
	}
}
