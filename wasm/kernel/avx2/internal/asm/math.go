package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// exp is kernel.Exp in each lane. It overwrites x.
func (a *assembler) exp(x reg.VecVirtual) reg.VecVirtual {
	a.VMAXPS(a.floats(kernel.ExpMin), x, x)
	a.VMINPS(a.floats(kernel.ExpMax), x, x)
	n, t, p := a.YMM(), a.YMM(), a.YMM()
	a.VMULPS(a.floats(kernel.ExpLog2E), x, n)
	a.VROUNDPS(U8(8), n, n) // to nearest, ties to even
	for _, part := range []float32{kernel.ExpLn2Hi, kernel.ExpLn2Lo} {
		a.VMULPS(a.floats(part), n, t)
		a.VSUBPS(t, x, x)
	}
	a.VMOVUPS(a.floats(kernel.ExpC6), p)
	for _, c := range []float32{kernel.ExpC5, kernel.ExpC4, kernel.ExpC3, kernel.ExpC2, 1, 1} {
		a.VMULPS(x, p, p)
		a.VADDPS(a.floats(c), p, p)
	}
	a.VCVTPS2DQ(n, n)
	a.VPADDD(a.words(127), n, n)
	a.VPSLLD(U8(23), n, n)
	a.VMULPS(n, p, p)
	return p
}

// sumLanes leaves the sum of eight lanes in lane 0 of v, in the order that
// package kernel states.
func (a *assembler) sumLanes(v reg.VecVirtual) {
	low, high := v.AsX(), a.XMM()
	a.VEXTRACTF128(U8(1), v, high)
	a.VADDPS(high, low, low)
	a.VMOVHLPS(low, low, high)
	a.VADDPS(high, low, low)
	a.VMOVSHDUP(low, high)
	a.VADDSS(high, low, low)
}

// across combines the eight lanes of v by an operation that has no order, such
// as the maximum, and leaves the result in all of them.
func (a *assembler) across(v reg.VecVirtual, combine func(...Op)) {
	t := a.YMM()
	a.VPERM2F128(U8(0x01), v, v, t)
	combine(t, v, v)
	a.VSHUFPS(U8(0x4e), v, v, t)
	combine(t, v, v)
	a.VSHUFPS(U8(0xb1), v, v, t)
	combine(t, v, v)
}
