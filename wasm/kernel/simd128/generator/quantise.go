package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

func addQuantise(m *asm.Module) {
	f := m.Func("quantise")
	q, scale, sums, x, rows, dim := f.I32(), f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, group)

	rounding := asm.Let(f, asm.FloatAll(roundingShift))
	repeat(f, rows, func() {
		end := asm.Let(f, x.Add(bytesOf(dim)))
		f.While(x.LtU(end), func() {
			g := quantiseGroup(f, x, rounding)
			f.Store(scale, 0, g.scale)
			f.Store(q, 0, g.low)
			f.Store(q, 16, g.high)
			f.Store(sums, 0, g.sum)

			x.Advance(4 * group)
			q.Advance(group)
			scale.Advance(4)
			sums.Advance(4)
		})
	})
}

// quantised is a group of activations: its scale, 32 levels, and the sum of levels
// times the scale.
type quantised struct {
	scale, sum asm.F32
	low, high  asm.I8x16
}

// quantiseGroup emits the arithmetic of the group of floats at x.
func quantiseGroup(f *asm.Func, x asm.I32, rounding asm.F32x4) (g quantised) {
	peak := asm.Let(f, peak(f, x))
	g.scale = asm.Let(f, peak.Div(asm.Float(127)))
	inverse := asm.Let(f, asm.Float(0))
	f.If(peak.Lt(asm.Float(kernel.QuantiseMin)).Eqz(), func() {
		inverse.Set(asm.Float(127).Div(peak))
	})
	factor := asm.Let(f, inverse.Splat())
	g.low = asm.Let(f, levels(x, 0, factor, rounding))
	g.high = asm.Let(f, levels(x, 64, factor, rounding))
	four := asm.Let(f, g.low.AddPairs().Add(g.high.AddPairs()).AddPairs())
	two := asm.Let(f, four.Add(four.Shuffle(four, 2, 3, 0, 1)))
	g.sum = asm.Let(f, two.Lane(0).Add(two.Lane(1)).Float().Mul(g.scale))
	return g
}

// peak emits the greatest magnitude of the group of floats at x.
func peak(f *asm.Func, x asm.I32) asm.F32 {
	greatest := asm.FloatAll(0)
	for i := range group / 4 {
		greatest = greatest.Max(x.LoadF32x4(16 * i).Abs())
	}
	return maxLane(f, asm.Let(f, greatest)).Lane(0)
}

// levels is nearest-even(x[i] * factor) of the 16 floats at x + offset. The
// products are at most 127 and a rounding error, so that narrowing is exact.
func levels(x asm.I32, offset int, factor, rounding asm.F32x4) asm.I8x16 {
	four := func(i int) asm.I32x4 {
		shifted := x.LoadF32x4(offset + 16*i).Mul(factor).Add(rounding)
		return shifted.I32x4().Sub(rounding.I32x4())
	}
	return four(0).Narrow(four(1)).Narrow(four(2).Narrow(four(3)))
}
