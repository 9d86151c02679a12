package generator

import "github.com/effir/effir/wasm/kernel/simd128/asm"

// sumSquares emits the sum of squares, in eight lanes, of the floats from start
// to end.
func sumSquares(f *asm.Func, start, end asm.I32) asm.F32 {
	low, high := asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))
	p := asm.Let(f, start)
	f.While(p.LtU(end), func() {
		a, b := asm.Let(f, p.LoadF32x4(0)), asm.Let(f, p.LoadF32x4(16))
		low.Set(low.Add(a.Mul(a)))
		high.Set(high.Add(b.Mul(b)))
		p.Advance(32)
	})
	return sumEight(f, low, high)
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
