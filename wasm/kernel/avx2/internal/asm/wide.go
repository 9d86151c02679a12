package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// The functions of this file are those of the same names without "512", in
// 512-bit registers. Constants are broadcast from their first float.

// tile512 is floatTile of 16 or 32 columns.
func (a *assembler) tile512(rows, width int) {
	name := fmt.Sprintf("tile512x%dx%d", rows, width)
	a.function(name,
		"func(out *float32, outStride int, x *float32, xStride int, y *float32, yStride, count int, factor *float32)",
		fmt.Sprintf("%s sets out[r][c] = (sum over i in order of x[r][i]*y[i][c]) * factor[r]", name),
		fmt.Sprintf("for %d rows and %d columns. Strides are in floats; count > 0.", rows, width))
	x := a.floatMatrix("x", "xStride", rows)
	y, yStride, count := a.param("y"), a.param("yStride"), a.param("count")
	a.SHLQ(Imm(2), yStride)
	parts := width / 16
	acc := vectors(rows*parts, a.zero512)

	a.loop("step", count, func() {
		columns := vectors(parts, a.ZMM)
		for i, v := range columns {
			a.VMOVUPS(at(y, 64*i), v)
		}
		for r := range rows {
			t := a.ZMM()
			if parts > 1 {
				a.VBROADCASTSS(x.row(r, 0), t)
			}
			for i, v := range columns {
				product := a.ZMM()
				if parts > 1 {
					a.VMULPS(v, t, product)
				} else {
					a.VMULPS_BCST(x.row(r, 0), v, product)
				}
				a.VADDPS(product, acc[r*parts+i], acc[r*parts+i])
			}
		}
		a.ADDQ(Imm(4), x.base)
		a.ADDQ(yStride, y)
	})

	out, factor := a.floatMatrix("out", "outStride", rows), a.param("factor")
	for r := range rows {
		for i := range parts {
			sum := acc[r*parts+i]
			a.VMULPS_BCST(at(factor, 4*r), sum, sum)
			a.VMOVUPS(sum, out.row(r, 64*i))
		}
	}
	a.end()
}

// zero512 returns a cleared vector.
func (a *assembler) zero512() reg.VecVirtual {
	v := a.ZMM()
	a.VPXORD(v, v, v)
	return v
}

// softmax512 takes sixteen scores at a time, the rest by masks: valid has the lanes
// below count, stored those of the last eight too.
func (a *assembler) softmax512() {
	a.function("softmax512", "func(x *float32, count int) float32",
		"softmax512 sets x[i] = Exp(x[i] - max x) for i < count, 0 for the rest of the",
		"last eight, and returns 1 / (sum of x in eight lanes). count > 0.")
	count := a.param("count")
	blocks, rest := a.GP64(), a.GP64()
	a.MOVQ(count, blocks)
	a.SHRQ(Imm(4), blocks)
	a.MOVQ(count, rest)
	a.ANDQ(Imm(15), rest)
	valid, stored := a.K(), a.K()
	ones, lanes := a.GP64(), a.GP64()
	a.MOVQ(I32(-1), ones)
	mask := func(count reg.GPVirtual, k reg.OpmaskVirtual) {
		t := a.GP64()
		a.MOVQ(ones, t)
		a.SHLXQ(count, t, t)
		a.NOTQ(t)
		a.KMOVW(t.As32(), k)
	}
	mask(rest, valid)
	a.LEAQ(Mem{Base: rest, Disp: 7}, lanes)
	a.ANDQ(I8(-8), lanes)
	mask(lanes, stored)

	least, top := a.ZMM(), a.ZMM()
	a.VBROADCASTSS(a.floats(float32(math.Inf(-1))), least)
	a.VMOVAPS(least, top)
	// pass visits all full vectors, then the rest.
	pass := func(label string, full, part func(x Mem)) {
		x, left := a.param("x"), a.GP64()
		a.MOVQ(blocks, left)
		a.TESTQ(left, left)
		a.JZ(LabelRef(label + "Rest"))
		a.loop(label, left, func() {
			full(at(x, 0))
			a.ADDQ(Imm(64), x)
		})
		a.Label(label + "Rest")
		a.TESTQ(rest, rest)
		a.JZ(LabelRef(label + "Done"))
		part(at(x, 0))
		a.Label(label + "Done")
	}
	a.Comment("The largest score.")
	pass("max",
		func(x Mem) { a.VMAXPS(x, top, top) },
		func(x Mem) {
			t := a.ZMM()
			a.VMOVAPS(least, t)
			a.VMOVUPS(x, valid, t)
			a.VMAXPS(t, top, top)
		})
	half := a.YMM()
	a.VEXTRACTF64X4(U8(1), top, half)
	a.VMAXPS(half, top.AsY(), half)
	a.across(half, a.VMAXPS)
	a.VBROADCASTSS(half.AsX(), top)

	a.Comment("Exponentials and their sum.")
	sum := a.zero()
	accumulate := func(p reg.VecVirtual) {
		high := a.YMM()
		a.VADDPS(p.AsY(), sum, sum)
		a.VEXTRACTF64X4(U8(1), p, high)
		a.VADDPS(high, sum, sum)
	}
	pass("exp",
		func(x Mem) {
			t := a.ZMM()
			a.VMOVUPS(x, t)
			a.VSUBPS(top, t, t)
			p := a.exp512(t)
			a.VMOVUPS(p, x)
			accumulate(p)
		},
		func(x Mem) {
			t := a.ZMM()
			a.VMOVUPS_Z(x, valid, t)
			a.VSUBPS(top, t, t)
			p := a.exp512(t)
			a.VMOVAPS_Z(p, valid, p)
			a.VMOVUPS(p, stored, x)
			accumulate(p)
		})
	a.sumLanes(sum)
	one := a.XMM()
	a.VMOVSS(a.floats(1), one)
	a.VDIVSS(sum.AsX(), one, one)
	a.Store(one, a.ReturnIndex(0))
	a.end()
}

// exp512 is kernel.Exp in each lane. It overwrites x.
func (a *assembler) exp512(x reg.VecVirtual) reg.VecVirtual {
	a.VMAXPS_BCST(a.floats(kernel.ExpMin), x, x)
	a.VMINPS_BCST(a.floats(kernel.ExpMax), x, x)
	n, t, p := a.ZMM(), a.ZMM(), a.ZMM()
	a.VMULPS_BCST(a.floats(kernel.ExpLog2E), x, n)
	a.VRNDSCALEPS(U8(8), n, n) // to nearest, ties to even
	for _, part := range []float32{kernel.ExpLn2Hi, kernel.ExpLn2Lo} {
		a.VMULPS_BCST(a.floats(part), n, t)
		a.VSUBPS(t, x, x)
	}
	a.VMULPS_BCST(a.floats(kernel.ExpC6), x, p)
	for _, c := range []float32{kernel.ExpC5, kernel.ExpC4, kernel.ExpC3, kernel.ExpC2, 1} {
		a.VADDPS_BCST(a.floats(c), p, p)
		a.VMULPS(x, p, p)
	}
	a.VADDPS_BCST(a.floats(1), p, p)
	a.VCVTPS2DQ(n, n)
	a.VPADDD_BCST(a.words(127), n, n)
	a.VPSLLD(U8(23), n, n)
	a.VMULPS(n, p, p)
	return p
}

func (a *assembler) swiGLU512() {
	a.function("swiGLU512", "func(out, gate, up *float32, blocks int)",
		"swiGLU512 sets out = (gate / (1 + Exp(-gate))) * up for 16*blocks floats. blocks > 0.")
	out, gate, up := a.param("out"), a.param("gate"), a.param("up")
	a.loop("block", a.param("blocks"), func() {
		g := a.ZMM()
		a.VMOVUPS(at(gate, 0), g)
		a.silu512(g)
		a.VMULPS(at(up, 0), g, g)
		a.VMOVUPS(g, at(out, 0))
		for _, p := range []reg.GPVirtual{gate, up, out} {
			a.ADDQ(Imm(64), p)
		}
	})
	a.end()
}

func (a *assembler) silu512(g reg.VecVirtual) {
	t := a.ZMM()
	a.VPXORD_BCST(a.words(1<<31), g, t)
	e := a.exp512(t)
	a.VADDPS_BCST(a.floats(1), e, e)
	a.VDIVPS(e, g, g)
}

func (a *assembler) gelu512() {
	a.function("gelu512", "func(x, b *float32, blocks int)",
		"gelu512 sets x = kernel.GELU(x + b) for 16*blocks floats. blocks > 0.")
	x, b := a.param("x"), a.param("b")
	zero := a.zero512()
	a.loop("block", a.param("blocks"), func() {
		v := a.ZMM()
		a.VMOVUPS(at(x, 0), v)
		a.VADDPS(at(b, 0), v, v)
		a.geluOf512(zero, v)
		a.VMOVUPS(v, at(x, 0))
		a.ADDQ(Imm(64), x)
		a.ADDQ(Imm(64), b)
	})
	a.end()
}

func (a *assembler) geluOf512(zero, v reg.VecVirtual) {
	t, u, h := a.ZMM(), a.ZMM(), a.ZMM()
	a.VPANDD_BCST(a.words(0x7fffffff), v, t)
	a.VMINPS_BCST(a.floats(kernel.GELUMax), t, t)
	a.VSUBPS_BCST(a.floats(kernel.GELUCentre), t, t)
	a.VMULPS(t, t, u)
	horner := func(coefficients []float32) reg.VecVirtual {
		p, last := a.ZMM(), len(coefficients)-1
		a.VMULPS_BCST(a.floats(coefficients[last]), u, p)
		for i := last - 1; i > 0; i-- {
			a.VADDPS_BCST(a.floats(coefficients[i]), p, p)
			a.VMULPS(u, p, p)
		}
		a.VADDPS_BCST(a.floats(coefficients[0]), p, p)
		return p
	}
	odd, even := horner(kernel.GELUOdd[:]), horner(kernel.GELUEven[:])
	a.VMULPS(odd, t, t)
	a.VADDPS(t, even, even)
	a.VBROADCASTSS(a.floats(kernel.GELUSquare), h)
	a.VSUBPS(u, h, h)
	a.VMULPS(even, h, h)
	a.VMAXPS(zero, v, v) // +0 where both are zeros
	a.VSUBPS(h, v, v)
}

func (a *assembler) quantise512() {
	a.function("quantise512", "func(q *int8, scale, sums, x *float32, groups int)",
		"quantise512 is kernel.Kernels.Quantise for consecutive groups of 32. groups > 0.")
	q, scale, sums, x := a.param("q"), a.param("scale"), a.param("sums"), a.param("x")
	magnitude, top := a.loadQuantise512()
	a.loop("group", a.param("groups"), func() {
		v := vectors(2, a.ZMM)
		for i, t := range v {
			a.VMOVUPS(at(x, 64*i), t)
		}
		step, sum := a.quantiseGroup512(magnitude, top, v)
		a.VMOVSS(step, at(scale, 0))
		a.VMOVSS(sum, at(sums, 0))
		for i, t := range v {
			a.VPMOVSDB(t, at(q, 16*i))
		}
		a.ADDQ(U32(128), x)
		a.ADDQ(Imm(32), q)
		a.ADDQ(Imm(4), scale)
		a.ADDQ(Imm(4), sums)
	})
	a.end()
}

// loadQuantise512 loads what quantiseGroup512 keeps in registers.
func (a *assembler) loadQuantise512() (magnitude, top reg.VecVirtual) {
	magnitude, top = a.ZMM(), a.XMM()
	a.VPBROADCASTD(a.words(0x7fffffff), magnitude)
	a.VMOVSS(a.floats(127), top)
	return magnitude, top
}

// quantiseGroup512 leaves levels of 32 bits in v.
func (a *assembler) quantiseGroup512(magnitude, top reg.VecVirtual, v []reg.VecVirtual) (step, sum reg.Register) {
	peaks := vectors(2, a.ZMM)
	for i, t := range v {
		a.VPANDD(magnitude, t, peaks[i])
	}
	a.Comment("The bits of floats without a sign are in the order of integers.")
	a.VPMAXSD(peaks[1], peaks[0], peaks[0])
	quarter := a.reduce512(peaks[0], a.VPMAXSD)

	a.Comment("The factor is 0 where the peak is below kernel.QuantiseMin.")
	scale, inverse, mask, factor := a.XMM(), a.XMM(), a.XMM(), a.ZMM()
	a.VDIVSS(top, quarter, scale)
	a.VDIVSS(quarter, top, inverse)
	a.VCMPSS(U8(notBelow), a.floats(kernel.QuantiseMin), quarter, mask)
	a.VANDPS(mask, inverse, inverse)
	a.VBROADCASTSS(inverse, factor)
	for _, t := range v {
		a.VMULPS(factor, t, t)
		a.VCVTPS2DQ(t, t)
	}

	a.Comment("The sum is exact in any order.")
	all := a.ZMM()
	a.VPADDD(v[1], v[0], all)
	total := a.reduce512(all, a.VPADDD)
	a.VCVTDQ2PS(total, total)
	a.VMULSS(scale, total, total)
	return scale, total
}

// reduce512 combines the sixteen lanes of v in lane 0 of the result.
func (a *assembler) reduce512(v reg.VecVirtual, combine func(...Op)) reg.Register {
	half, quarter := a.YMM(), a.XMM()
	a.VEXTRACTI64X4(U8(1), v, half)
	combine(v.AsY(), half, half)
	low := half.AsX()
	a.VEXTRACTI128(U8(1), half, quarter)
	combine(quarter, low, low)
	a.VPSHUFD(U8(0x4e), low, quarter)
	combine(quarter, low, low)
	a.VPSHUFD(U8(0xb1), low, quarter)
	combine(quarter, low, low)
	return low
}
