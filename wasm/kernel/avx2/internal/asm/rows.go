package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// notBelow is the predicate "greater or equal, ordered, quiet" of VCMPPS.
const notBelow = 0x1d

func (a *assembler) embedRow() {
	a.function("embedRow", "func(out *float32, row *byte, groups int)",
		"embedRow decodes a row of an embedding table, see kernel.PackQ8Rows. groups > 0.")
	out, scales, groups := a.param("out"), a.param("row"), a.param("groups")
	values := a.GP64()
	a.LEAQ(Mem{Base: scales, Index: groups, Scale: 2}, values)
	a.loop("group", groups, func() {
		scale := a.YMM()
		a.VPBROADCASTW(at(scales, 0), scale.AsX())
		a.VCVTPH2PS(scale.AsX(), scale)
		for i := range 4 {
			v := a.YMM()
			a.VPMOVSXBD(at(values, 8*i), v)
			a.VCVTDQ2PS(v, v)
			a.VMULPS(scale, v, v)
			a.VMOVUPS(v, at(out, 32*i))
		}
		a.ADDQ(Imm(2), scales)
		a.ADDQ(Imm(32), values)
		a.ADDQ(U32(128), out)
	})
	a.end()
}

func (a *assembler) embedQ4Row() {
	a.function("embedQ4Row", "func(out *float32, row *byte, groups int)",
		"embedQ4Row decodes a row of an embedding table, see kernel.PackQ4Rows. groups > 0.")
	out, scales, groups := a.param("out"), a.param("row"), a.param("groups")
	values := a.GP64()
	a.LEAQ(Mem{Base: scales, Index: groups, Scale: 2}, values)
	mask, eight := a.XMM(), a.XMM()
	a.VPBROADCASTD(a.words(0x0f0f_0f0f), mask)
	a.VPBROADCASTD(a.words(0x0808_0808), eight)
	a.loop("group", groups, func() {
		scale := a.YMM()
		a.VPBROADCASTW(at(scales, 0), scale.AsX())
		a.VCVTPH2PS(scale.AsX(), scale)
		low, high := a.XMM(), a.XMM()
		a.VMOVDQU(at(values, 0), high)
		a.VPAND(mask, high, low)
		a.VPSRLW(U8(4), high, high)
		a.VPAND(mask, high, high)
		for side, levels := range []reg.VecVirtual{low, high} {
			a.VPSUBB(eight, levels, levels)
			for half := range 2 {
				v := a.YMM()
				a.VPMOVSXBD(levels, v)
				a.VCVTDQ2PS(v, v)
				a.VMULPS(scale, v, v)
				a.VMOVUPS(v, at(out, 64*side+32*half))
				a.VPSRLDQ(U8(8), levels, levels)
			}
		}
		a.ADDQ(Imm(2), scales)
		a.ADDQ(Imm(16), values)
		a.ADDQ(U32(128), out)
	})
	a.end()
}

func (a *assembler) layerNorm() {
	a.function("layerNorm", "func(out, x, w, b *float32, mean, factor float32, blocks int)",
		"layerNorm sets out = ((x-mean)*factor)*w + b for 8*blocks floats. blocks > 0.")
	out, x, w, b := a.param("out"), a.param("x"), a.param("w"), a.param("b")
	mean, factor := a.floatParam("mean", a.YMM), a.floatParam("factor", a.YMM)
	a.loop("block", a.param("blocks"), func() {
		v := a.YMM()
		a.VMOVUPS(at(x, 0), v)
		a.VSUBPS(mean, v, v)
		a.VMULPS(factor, v, v)
		a.VMULPS(at(w, 0), v, v)
		a.VADDPS(at(b, 0), v, v)
		a.VMOVUPS(v, at(out, 0))
		for _, p := range []reg.GPVirtual{x, w, b, out} {
			a.ADDQ(Imm(32), p)
		}
	})
	a.end()
}

func (a *assembler) scaleBy() {
	a.function("scaleBy", "func(x *float32, factor float32, blocks int)",
		"scaleBy multiplies 8*blocks floats by a factor. blocks > 0.")
	x, factor := a.param("x"), a.floatParam("factor", a.YMM)
	a.loop("block", a.param("blocks"), func() {
		v := a.YMM()
		a.VMULPS(at(x, 0), factor, v)
		a.VMOVUPS(v, at(x, 0))
		a.ADDQ(Imm(32), x)
	})
	a.end()
}

func (a *assembler) scaleByWeights() {
	a.function("scaleByWeights", "func(out, x, w *float32, factor float32, blocks int)",
		"scaleByWeights sets out = (x*factor)*w for 8*blocks floats. blocks > 0.")
	out, x, w, factor := a.param("out"), a.param("x"), a.param("w"), a.floatParam("factor", a.YMM)
	a.loop("block", a.param("blocks"), func() {
		v := a.YMM()
		a.VMULPS(at(x, 0), factor, v)
		a.VMULPS(at(w, 0), v, v)
		a.VMOVUPS(v, at(out, 0))
		for _, p := range []reg.GPVirtual{x, w, out} {
			a.ADDQ(Imm(32), p)
		}
	})
	a.end()
}

// quantise divides once a group for both quotients: even lanes hold 127/peak, odd
// lanes peak/127.
func (a *assembler) quantise() {
	a.function("quantise", "func(q *int8, scale, sums, x *float32, groups int)",
		"quantise is kernel.Kernels.Quantise for consecutive groups of 32. groups > 0.")
	q, scale, sums, x := a.param("q"), a.param("scale"), a.param("sums"), a.param("x")
	c := a.loadQuantise()
	a.loop("group", a.param("groups"), func() {
		v := vectors(4, a.YMM)
		for i, t := range v {
			a.VMOVUPS(at(x, 32*i), t)
		}
		step, sum := a.quantiseGroup(c, v)
		a.VMOVSS(step, at(scale, 0))
		a.VMOVSS(sum, at(sums, 0))
		a.VMOVDQU(v[0], at(q, 0))
		a.ADDQ(U32(128), x)
		a.ADDQ(Imm(32), q)
		a.ADDQ(Imm(4), scale)
		a.ADDQ(Imm(4), sums)
	})
	a.end()
}

// quantiseConstants are what quantiseGroup keeps in registers.
type quantiseConstants struct{ order, magnitude, top reg.VecVirtual }

func (a *assembler) loadQuantise() quantiseConstants {
	c := quantiseConstants{a.YMM(), a.YMM(), a.YMM()}
	a.VMOVDQU(a.data("unpackOrder", 0, 4, 1, 5, 2, 6, 3, 7), c.order)
	a.VMOVDQU(a.words(0x7fffffff), c.magnitude)
	a.VMOVUPS(a.floats(127), c.top)
	return c
}

// quantiseGroup leaves the levels of 32 floats in v[0]; step and sum have their
// scale and the sum times the scale in lane 0.
func (a *assembler) quantiseGroup(c quantiseConstants, v []reg.VecVirtual) (step, sum reg.Register) {
	peaks := vectors(4, a.YMM)
	for i, t := range v {
		a.VPAND(c.magnitude, t, peaks[i])
	}
	a.Comment("The bits of floats without a sign are in the order of integers.")
	a.VPMAXSD(peaks[1], peaks[0], peaks[0])
	a.VPMAXSD(peaks[3], peaks[2], peaks[2])
	peak := peaks[0]
	a.VPMAXSD(peaks[2], peak, peak)
	a.across(peak, a.VPMAXSD)

	a.Comment("The factor is 0 where the peak is below kernel.QuantiseMin.")
	quotient, divisor, factor := a.YMM(), a.YMM(), a.YMM()
	a.VBLENDPS(U8(0x55), c.top, peak, quotient)
	a.VBLENDPS(U8(0xaa), c.top, peak, divisor)
	a.VDIVPS(divisor, quotient, quotient)
	a.VCMPPS(U8(notBelow), a.floats(kernel.QuantiseMin), peak, peak)
	a.VMOVSLDUP(quotient, factor)
	a.VANDPS(peak, factor, factor)
	for _, t := range v {
		a.VMULPS(factor, t, t)
		a.VCVTPS2DQ(t, t)
	}
	step = quotient.AsX()
	a.VMOVSHDUP(step, step)

	a.Comment("The sum is exact in any order.")
	total, half := a.YMM(), a.XMM()
	a.VPADDD(v[1], v[0], total)
	a.VPADDD(v[2], total, total)
	a.VPADDD(v[3], total, total)
	a.VEXTRACTI128(U8(1), total, half)
	low := total.AsX()
	a.VPADDD(half, low, low)
	a.VPSHUFD(U8(0x4e), low, half)
	a.VPADDD(half, low, low)
	a.VPSHUFD(U8(0xb1), low, half)
	a.VPADDD(half, low, low)
	a.VCVTDQ2PS(low, low)
	a.VMULSS(step, low, low)

	a.Comment("Packing works within halves of registers; the permutation mends the order.")
	a.VPACKSSDW(v[1], v[0], v[0])
	a.VPACKSSDW(v[3], v[2], v[2])
	a.VPACKSSWB(v[2], v[0], v[0])
	a.VPERMD(v[0], c.order, v[0])
	return step, low
}

func (a *assembler) rope() {
	a.function("rope", "func(x, table *float32, heads, half int)",
		"rope rotates the heads of one row. half, of the head's dimension, is a",
		"multiple of 8; heads > 0, half > 0.")
	x, table, heads, half := a.param("x"), a.param("table"), a.param("heads"), a.param("half")
	blocks, halfBytes := a.GP64(), a.shifted(half, 2)
	a.SHRQ(Imm(3), half)
	a.loop("head", heads, func() {
		turn := a.GP64()
		a.MOVQ(table, turn)
		a.MOVQ(half, blocks)
		a.loop("block", blocks, func() {
			first, second := at(x, 0), Mem{Base: x, Index: halfBytes, Scale: 1}
			cos, sin := at(turn, 0), Mem{Base: turn, Index: halfBytes, Scale: 1}
			u, v := a.YMM(), a.YMM()
			a.VMOVUPS(first, u)
			a.VMOVUPS(second, v)
			u, v = a.rotate(u, v, cos, sin)
			a.VMOVUPS(u, first)
			a.VMOVUPS(v, second)
			a.ADDQ(Imm(32), x)
			a.ADDQ(Imm(32), turn)
		})
		a.ADDQ(halfBytes, x)
	})
	a.end()
}

// rotate returns u*cos - v*sin and v*cos + u*sin.
func (a *assembler) rotate(u, v reg.VecVirtual, cos, sin Op) (first, second reg.VecVirtual) {
	uCos, uSin, vCos, vSin := a.YMM(), a.YMM(), a.YMM(), a.YMM()
	a.VMULPS(cos, u, uCos)
	a.VMULPS(sin, v, vSin)
	a.VSUBPS(vSin, uCos, uCos)
	a.VMULPS(cos, v, vCos)
	a.VMULPS(sin, u, uSin)
	a.VADDPS(uSin, vCos, vCos)
	return uCos, vCos
}

func (a *assembler) swiGLU() {
	a.function("swiGLU", "func(out, gate, up *float32, blocks int)",
		"swiGLU sets out = (gate / (1 + Exp(-gate))) * up for 8*blocks floats. blocks > 0.")
	out, gate, up := a.param("out"), a.param("gate"), a.param("up")
	a.loop("block", a.param("blocks"), func() {
		g := a.YMM()
		a.VMOVUPS(at(gate, 0), g)
		a.silu(g)
		a.VMULPS(at(up, 0), g, g)
		a.VMOVUPS(g, at(out, 0))
		for _, p := range []reg.GPVirtual{gate, up, out} {
			a.ADDQ(Imm(32), p)
		}
	})
	a.end()
}

// silu sets g = g / (1 + Exp(-g)).
func (a *assembler) silu(g reg.VecVirtual) {
	t := a.YMM()
	a.VXORPS(a.words(1<<31), g, t)
	e := a.exp(t)
	a.VADDPS(a.floats(1), e, e)
	a.VDIVPS(e, g, g)
}

// gelu works on two vectors at a time where it can: the chains of products are
// longer than the processor looks ahead.
func (a *assembler) gelu() {
	a.function("gelu", "func(x, b *float32, blocks int)",
		"gelu sets x = kernel.GELU(x + b) for 8*blocks floats. blocks > 0.")
	x, b, blocks := a.param("x"), a.param("b"), a.param("blocks")
	constants := a.loadGELU()
	step := func(count int) {
		v := vectors(count, a.YMM)
		for i := range count {
			a.VMOVUPS(at(x, 32*i), v[i])
			a.VADDPS(at(b, 32*i), v[i], v[i])
		}
		a.geluOf(constants, v)
		for i := range count {
			a.VMOVUPS(v[i], at(x, 32*i))
		}
		a.ADDQ(U32(32*count), x)
		a.ADDQ(U32(32*count), b)
	}
	a.TESTQ(U32(1), blocks)
	a.JZ(LabelRef("even"))
	step(1)
	a.Label("even")
	a.SHRQ(Imm(1), blocks)
	a.JZ(LabelRef("done"))
	a.loop("pair", blocks, func() { step(2) })
	a.Label("done")
	a.end()
}

// geluConstants are what geluOf keeps in registers.
type geluConstants struct{ zero, magnitude, limit reg.VecVirtual }

func (a *assembler) loadGELU() (c geluConstants) {
	c.zero, c.magnitude, c.limit = a.zero(), a.YMM(), a.YMM()
	a.VMOVUPS(a.words(0x7fffffff), c.magnitude)
	a.VMOVUPS(a.floats(kernel.GELUMax), c.limit)
	return c
}

// geluOf sets each v = kernel.GELU(v).
func (a *assembler) geluOf(c geluConstants, v []reg.VecVirtual) {
	t, u := vectors(len(v), a.YMM), vectors(len(v), a.YMM)
	for i := range v {
		a.VANDPS(c.magnitude, v[i], t[i])
		a.VMINPS(c.limit, t[i], t[i])
		a.VSUBPS(a.floats(kernel.GELUCentre), t[i], t[i])
		a.VMULPS(t[i], t[i], u[i])
	}
	odd, even := a.horner(u, kernel.GELUOdd[:]), a.horner(u, kernel.GELUEven[:])
	for i := range v {
		a.VMULPS(odd[i], t[i], t[i])
		a.VADDPS(t[i], even[i], even[i])
		a.VMOVUPS(a.floats(kernel.GELUSquare), t[i])
		a.VSUBPS(u[i], t[i], t[i])
		a.VMULPS(even[i], t[i], t[i])
		a.VMAXPS(c.zero, v[i], v[i]) // +0 where both are zeros
		a.VSUBPS(t[i], v[i], v[i])
	}
}

// horner evaluates a polynomial, coefficients lowest first, in each of u.
func (a *assembler) horner(u []reg.VecVirtual, coefficients []float32) []reg.VecVirtual {
	p := vectors(len(u), a.YMM)
	last := len(coefficients) - 1
	for i := range u {
		a.VMULPS(a.floats(coefficients[last]), u[i], p[i])
	}
	for c := last - 1; c >= 0; c-- {
		for i := range u {
			if c < last-1 {
				a.VMULPS(u[i], p[i], p[i])
			}
			a.VADDPS(a.floats(coefficients[c]), p[i], p[i])
		}
	}
	return p
}

// add adds in registers of 32 bytes or 64.
func (a *assembler) add(name string, vector func() reg.VecVirtual, size int) {
	a.function(name, "func(x, y *float32, blocks int)",
		fmt.Sprintf("%s adds %d*blocks floats of y to x. blocks > 0.", name, size/4))
	x, y := a.param("x"), a.param("y")
	a.byFour(a.param("blocks"), func(count int) {
		for i, v := range vectors(count, vector) {
			a.VMOVUPS(at(x, size*i), v)
			a.VADDPS(at(y, size*i), v, v)
			a.VMOVUPS(v, at(x, size*i))
		}
		a.ADDQ(U32(size*count), x)
		a.ADDQ(U32(size*count), y)
	})
	a.end()
}
