package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

// sumOf emits the sum, in eight lanes, of what term makes of the floats from start
// to end.
func sumOf(f *asm.Func, start, end asm.I32, term func(x asm.F32x4) asm.F32x4) asm.F32 {
	low, high := asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))
	p := asm.Let(f, start)
	f.While(p.LtU(end), func() {
		low.Set(low.Add(term(p.LoadF32x4(0))))
		high.Set(high.Add(term(p.LoadF32x4(16))))
		p.Advance(32)
	})
	return sumEight(f, low, high)
}

// sumSquares emits the sum of squares.
func sumSquares(f *asm.Func, start, end asm.I32) asm.F32 {
	return sumOf(f, start, end, func(x asm.F32x4) asm.F32x4 {
		x = asm.Let(f, x)
		return x.Mul(x)
	})
}

func addRMSNorm(m *asm.Module) {
	f := m.Func("rms_norm")
	out, x, weights, rows, dim, eps := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.F32()
	require(f, dim, 8)

	repeat(f, rows, func() {
		end := asm.Let(f, x.Add(bytesOf(dim)))
		mean := sumSquares(f, x, end).Div(dim.Float())
		r := asm.Let(f, asm.Float(1).Div(mean.Add(eps).Sqrt()).Splat())

		w := asm.Let(f, weights)
		f.While(x.LtU(end), func() {
			for offset := 0; offset < 32; offset += 16 {
				f.Store(out, offset, x.LoadF32x4(offset).Mul(r).Mul(w.LoadF32x4(offset)))
			}
			x.Advance(32)
			w.Advance(32)
			out.Advance(32)
		})
	})
}

func addLayerNorm(m *asm.Module) {
	f := m.Func("layer_norm")
	out, x, weights, biases := f.I32(), f.I32(), f.I32(), f.I32()
	rows, dim, eps := f.I32(), f.I32(), f.F32()
	require(f, dim, 8)

	repeat(f, rows, func() {
		end := asm.Let(f, x.Add(bytesOf(dim)))
		sum := sumOf(f, x, end, func(x asm.F32x4) asm.F32x4 { return x })
		mean := asm.Let(f, sum.Div(dim.Float()).Splat())
		squares := sumOf(f, x, end, func(x asm.F32x4) asm.F32x4 {
			d := asm.Let(f, x.Sub(mean))
			return d.Mul(d)
		})
		variance := squares.Div(dim.Float())
		r := asm.Let(f, asm.Float(1).Div(variance.Add(eps).Sqrt()).Splat())

		w, b := asm.Let(f, weights), asm.Let(f, biases)
		f.While(x.LtU(end), func() {
			for offset := 0; offset < 32; offset += 16 {
				scaled := x.LoadF32x4(offset).Sub(mean).Mul(r).Mul(w.LoadF32x4(offset))
				f.Store(out, offset, scaled.Add(b.LoadF32x4(offset)))
			}
			for _, p := range []asm.I32{x, w, b, out} {
				p.Advance(32)
			}
		})
	})
}

func addNormalise(m *asm.Module) {
	f := m.Func("normalise")
	x, dim := f.I32(), f.I32()
	require(f, dim, 8)

	end := asm.Let(f, x.Add(bytesOf(dim)))
	ss := asm.Let(f, sumSquares(f, x, end))
	f.If(ss.Eq(asm.Float(0)), func() { f.Return() })

	inverse := asm.Let(f, asm.Float(1).Div(ss.Sqrt()).Splat())
	f.While(x.LtU(end), func() {
		for offset := 0; offset < 32; offset += 16 {
			f.Store(x, offset, x.LoadF32x4(offset).Mul(inverse))
		}
		x.Advance(32)
	})
}
