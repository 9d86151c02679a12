package generator

import (
	"math"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// roundingShift is 1.5 * 2^23. Added to a float of magnitude below 2^22 it leaves
// the nearest integer, ties to even, in the low bits of the sum.
const roundingShift float32 = 0x1.8p23

// sumEight finishes a reduction in eight lanes, of which low holds 0..3 and high
// 4..7.
func sumEight(f *asm.Func, low, high asm.F32x4) asm.F32 {
	t := asm.Let(f, low.Add(high))
	u := asm.Let(f, t.Add(t.Shuffle(t, 2, 3, 0, 1)))
	return u.Lane(0).Add(u.Lane(1))
}

// maxLane returns the greatest lane of v in all lanes.
func maxLane(f *asm.Func, v asm.F32x4) asm.F32x4 {
	t := asm.Let(f, v.Max(v.Shuffle(v, 2, 3, 0, 1)))
	return t.Max(t.Shuffle(t, 1, 0, 3, 2))
}

// float16 returns the values of four finite binary16 numbers, whose bits are in
// lanes with their sign extended, as [kernel.Float16] computes them. Shifted, the
// sign fills the four highest bits, of which the mask leaves one.
func float16(f *asm.Func, bits asm.I32x4) asm.F32x4 {
	const places = 0x8fff_e000
	return bits.Shl(13).And(f.IntAll(places - 1<<32)).F32x4().Mul(f.FloatAll(0x1p112))
}

// The functions below work on several vectors side by side: one chain of dependent
// instructions is longer than processors look ahead. each applies a step to all.
func each(f *asm.Func, x []asm.F32x4, step func(i int, x asm.F32x4) asm.F32x4) []asm.F32x4 {
	y := make([]asm.F32x4, len(x))
	for i := range x {
		y[i] = asm.Let(f, step(i, x[i]))
	}
	return y
}

// horner evaluates a polynomial, coefficients lowest first, in each of u.
func horner(f *asm.Func, u []asm.F32x4, coefficients ...float32) []asm.F32x4 {
	return horners(f, u, coefficients)[0]
}

// horners evaluates several polynomials step by step. They have the same degree,
// or the first ones a greater one.
func horners(f *asm.Func, u []asm.F32x4, polynomials ...[]float32) [][]asm.F32x4 {
	p := make([][]asm.F32x4, len(polynomials))
	for i := len(polynomials[0]) - 1; i >= 0; i-- {
		for j, coefficients := range polynomials {
			if i >= len(coefficients) {
				continue
			}
			c := asm.Let(f, f.FloatAll(coefficients[i]))
			switch i {
			case len(coefficients) - 1:
				p[j] = each(f, u, func(_ int, u asm.F32x4) asm.F32x4 { return c.Mul(u) })
			case 0:
				p[j] = each(f, p[j], func(_ int, p asm.F32x4) asm.F32x4 { return p.Add(c) })
			default:
				p[j] = each(f, p[j], func(i int, p asm.F32x4) asm.F32x4 { return p.Add(c).Mul(u[i]) })
			}
		}
	}
	return p
}

// exp is [kernel.Exp].
func exp(f *asm.Func, x []asm.F32x4) []asm.F32x4 {
	least, most := asm.Let(f, f.FloatAll(kernel.ExpMin)), asm.Let(f, f.FloatAll(kernel.ExpMax))
	x = each(f, x, func(_ int, x asm.F32x4) asm.F32x4 { return x.Max(least).Min(most) })

	// shifted holds n in its low bits, and n = shifted - roundingShift exactly.
	rounding, log2E := asm.Let(f, f.FloatAll(roundingShift)), asm.Let(f, f.FloatAll(kernel.ExpLog2E))
	shifted := each(f, x, func(_ int, x asm.F32x4) asm.F32x4 { return x.Mul(log2E).Add(rounding) })
	n := each(f, shifted, func(_ int, s asm.F32x4) asm.F32x4 { return s.Sub(rounding) })
	high, low := asm.Let(f, f.FloatAll(kernel.ExpLn2Hi)), asm.Let(f, f.FloatAll(kernel.ExpLn2Lo))
	r := each(f, x, func(i int, x asm.F32x4) asm.F32x4 { return x.Sub(n[i].Mul(high)).Sub(n[i].Mul(low)) })

	p := horner(f, r, 1, 1, kernel.ExpC2, kernel.ExpC3, kernel.ExpC4, kernel.ExpC5, kernel.ExpC6)

	// n + 127 in the place of a float's exponent is 2^n; the shift drops the rest
	// of shifted's bits, because the low nine bits of roundingShift's are 0.
	bias := asm.Let(f, f.IntAll(127))
	return each(f, p, func(i int, p asm.F32x4) asm.F32x4 {
		return p.Mul(shifted[i].I32x4().Add(bias).Shl(23).F32x4())
	})
}

// gelu is [kernel.GELU].
func gelu(f *asm.Func, x []asm.F32x4) []asm.F32x4 {
	end, centre := asm.Let(f, f.FloatAll(kernel.GELUMax)), asm.Let(f, f.FloatAll(kernel.GELUCentre))
	t := each(f, x, func(_ int, x asm.F32x4) asm.F32x4 { return x.Abs().Min(end).Sub(centre) })
	u := each(f, t, func(_ int, t asm.F32x4) asm.F32x4 { return t.Mul(t) })
	parts := horners(f, u, kernel.GELUEven[:], kernel.GELUOdd[:])
	p := each(f, parts[0], func(i int, even asm.F32x4) asm.F32x4 { return even.Add(t[i].Mul(parts[1][i])) })
	square, zero := asm.Let(f, f.FloatAll(kernel.GELUSquare)), asm.Let(f, f.FloatAll(0))
	return each(f, x, func(i int, x asm.F32x4) asm.F32x4 {
		// The maximum of +0 and -0 must be +0: of equals Max takes its receiver.
		return zero.Max(x).Sub(square.Sub(u[i]).Mul(p[i]))
	})
}

func init() {
	if math.Float32bits(roundingShift)&0x1ff != 0 {
		panic("generator: roundingShift does not fit exp")
	}
}
