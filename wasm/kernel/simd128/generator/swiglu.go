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
			gate := asm.Let(f, x.LoadF32x4(0))
			denominator := asm.FloatAll(1).Add(exp(f, gate.Neg()))
			up := x.Add(rowBytes).LoadF32x4(0)
			f.Store(out, 0, gate.Div(denominator).Mul(up))
			x.Advance(16)
			out.Advance(16)
		})
		x.Set(x.Add(rowBytes))
	})
}
