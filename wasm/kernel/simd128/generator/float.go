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

// float16 returns the values of the finite binary16 numbers in the low halves of
// four lanes, as [kernel.Float16] computes them.
func float16(f *asm.Func, bits asm.I32x4) asm.F32x4 {
	h := asm.Let(f, bits)
	magnitude := h.And(asm.IntAll(0x7fff)).Shl(13).F32x4().Mul(asm.FloatAll(0x1p112))
	sign := h.And(asm.IntAll(0x8000)).Shl(16)
	return magnitude.I32x4().Or(sign).F32x4()
}

// exp is [kernel.Exp] of four lanes.
func exp(f *asm.Func, x asm.F32x4) asm.F32x4 {
	x = asm.Let(f, x.Max(asm.FloatAll(kernel.ExpMin)).Min(asm.FloatAll(kernel.ExpMax)))

	// shifted holds n in its low bits, and n = shifted - roundingShift exactly.
	shifted := asm.Let(f, x.Mul(asm.FloatAll(kernel.ExpLog2E)).Add(asm.FloatAll(roundingShift)))
	n := asm.Let(f, shifted.Sub(asm.FloatAll(roundingShift)))
	r := asm.Let(f, x.Sub(n.Mul(asm.FloatAll(kernel.ExpLn2Hi))).Sub(n.Mul(asm.FloatAll(kernel.ExpLn2Lo))))

	p := asm.FloatAll(kernel.ExpC6)
	for _, c := range []float32{kernel.ExpC5, kernel.ExpC4, kernel.ExpC3, kernel.ExpC2, 1, 1} {
		p = p.Mul(r).Add(asm.FloatAll(c))
	}

	// n + 127 in the place of a float's exponent is 2^n; the shift drops the rest
	// of shifted's bits, because the low nine bits of roundingShift's are 0.
	power := shifted.I32x4().Add(asm.IntAll(127)).Shl(23).F32x4()
	return p.Mul(power)
}

func init() {
	if math.Float32bits(roundingShift)&0x1ff != 0 {
		panic("generator: roundingShift does not fit exp")
	}
}
