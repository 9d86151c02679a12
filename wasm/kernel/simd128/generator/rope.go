package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addRoPE(m *asm.Module) {
	f := m.Func("rope")
	x, table, rows, heads, headDim, stride := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, headDim, 16)
	half := asm.Let(f, bytesOf(headDim).ShrU(1))

	repeat(f, rows, func() {
		a, count := asm.Let(f, x), asm.Let(f, heads)
		repeat(f, count, func() {
			end := asm.Let(f, a.Add(half))
			cosines := asm.Let(f, table)
			f.While(a.LtU(end), func() {
				b, sines := asm.Let(f, a.Add(half)), asm.Let(f, cosines.Add(half))
				first, second := asm.Let(f, a.LoadF32x4(0)), asm.Let(f, b.LoadF32x4(0))
				cos, sin := asm.Let(f, cosines.LoadF32x4(0)), asm.Let(f, sines.LoadF32x4(0))
				x, y := rotate(first, second, cos, sin)
				f.Store(a, 0, x)
				f.Store(b, 0, y)
				a.Advance(16)
				cosines.Advance(16)
			})
			a.Set(a.Add(half))
		})
		x.Set(x.Add(bytesOf(stride)))
		table.Set(table.Add(bytesOf(headDim)))
	})
}

// rotate turns pairs of values by angles.
func rotate(first, second, cos, sin asm.F32x4) (x, y asm.F32x4) {
	return first.Mul(cos).Sub(second.Mul(sin)), second.Mul(cos).Add(first.Mul(sin))
}
