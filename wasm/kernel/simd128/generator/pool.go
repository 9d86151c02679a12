package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addAdd(m *asm.Module) {
	f := m.Func("add")
	x, y, count := f.I32(), f.I32(), f.I32()
	require(f, count, 8)

	end := asm.Let(f, x.Add(bytesOf(count)))
	f.While(x.LtU(end), func() {
		f.Store(x, 0, x.LoadF32x4(0).Add(y.LoadF32x4(0)))
		f.Store(x, 16, x.LoadF32x4(16).Add(y.LoadF32x4(16)))
		x.Advance(32)
		y.Advance(32)
	})
}

func addMeanPool(m *asm.Module) {
	f := m.Func("mean_pool")
	out, x, rows, dim := f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, 8)
	f.If(rows.Eqz(), f.Trap)

	stride := asm.Let(f, bytesOf(dim))
	inverse := asm.Let(f, asm.Float(1).Div(rows.Float()).Splat())
	end := asm.Let(f, out.Add(stride))
	f.While(out.LtU(end), func() { // eight columns
		low, high := asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))
		p, count := asm.Let(f, x), asm.Let(f, rows)
		repeat(f, count, func() {
			low.Set(low.Add(p.LoadF32x4(0)))
			high.Set(high.Add(p.LoadF32x4(16)))
			p.Set(p.Add(stride))
		})
		f.Store(out, 0, low.Mul(inverse))
		f.Store(out, 16, high.Mul(inverse))
		x.Advance(32)
		out.Advance(32)
	})
}
