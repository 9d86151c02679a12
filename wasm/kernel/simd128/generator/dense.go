package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

func addDense(m *asm.Module) {
	f := m.Func("dense")
	out, x, w, bias, n, k := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, n, 8)

	stride := asm.Let(f, bytesOf(n))
	end := asm.Let(f, out.Add(stride))
	xEnd := asm.Let(f, x.Add(bytesOf(k)))
	f.While(out.LtU(end), func() { // eight columns
		low, high := asm.Let(f, bias.LoadF32x4(0)), asm.Let(f, bias.LoadF32x4(16))
		in, column := asm.Let(f, x), asm.Let(f, w)
		f.While(in.LtU(xEnd), func() {
			v := asm.Let(f, in.LoadF32Splat(0))
			low.Set(low.Add(v.Mul(column.LoadF32x4(0))))
			high.Set(high.Add(v.Mul(column.LoadF32x4(16))))
			in.Advance(4)
			column.Set(column.Add(stride))
		})
		f.Store(out, 0, low)
		f.Store(out, 16, high)
		w.Advance(32)
		bias.Advance(32)
		out.Advance(32)
	})
}
