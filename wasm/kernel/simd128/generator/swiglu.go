package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addSwiGLU(m *asm.Module) {
	f := m.Func("swi_glu")
	out, x, rows, dim := f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, 8)
	rowBytes := asm.Let(f, bytesOf(dim))

	repeat(f, rows, func() {
		end := asm.Let(f, x.Add(rowBytes))
		f.While(x.LtU(end), func() {
			gates := []asm.F32x4{asm.Let(f, x.LoadF32x4(0)), asm.Let(f, x.LoadF32x4(16))}
			ups := asm.Let(f, x.Add(rowBytes))
			for i, y := range silu(f, gates) {
				f.Store(out, 16*i, y.Mul(ups.LoadF32x4(16*i)))
			}
			x.Advance(32)
			out.Advance(32)
		})
		x.Set(x.Add(rowBytes))
	})
}

// silu is gate / (1 + Exp(-gate)).
func silu(f *asm.Func, gates []asm.F32x4) []asm.F32x4 {
	exps := exp(f, each(f, gates, func(_ int, gate asm.F32x4) asm.F32x4 { return gate.Neg() }))
	one := asm.Let(f, f.FloatAll(1))
	return each(f, gates, func(i int, gate asm.F32x4) asm.F32x4 { return gate.Div(one.Add(exps[i])) })
}
