package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// quantise512 takes sixteen groups at a time: their peaks and sums are found side by
// side, and divided in one register. The rest goes one by one.
func (a *assembler) quantise512() {
	a.function("quantise512", "func(q *int8, scale, sums, x *float32, groups int)",
		"quantise512 is kernel.Kernels.Quantise for consecutive groups of 32. groups > 0.")
	q, scale, sums, x, groups := a.param("q"), a.param("scale"), a.param("sums"), a.param("x"), a.param("groups")
	sixteens := a.GP64()
	a.MOVQ(groups, sixteens)
	a.SHRQ(Imm(4), sixteens)
	a.JZ(LabelRef("rest"))
	constants := a.loadSixteen512()
	a.loop("sixteen", sixteens, func() {
		a.quantiseSixteen512(constants, q, scale, sums, x)
		a.ADDQ(U32(16*128), x)
		a.ADDQ(U32(16*32), q)
		a.ADDQ(Imm(16*4), scale)
		a.ADDQ(Imm(16*4), sums)
	})
	a.Label("rest")
	a.ANDQ(Imm(15), groups)
	a.JZ(LabelRef("done"))
	magnitude, top := a.loadQuantise512()
	a.loop("group", groups, func() {
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
	a.Label("done")
	a.end()
}

// sixteenConstants512 are what quantiseSixteen512 keeps in registers.
type sixteenConstants512 struct{ magnitude, top, ones, order reg.VecVirtual }

func (a *assembler) loadSixteen512() sixteenConstants512 {
	c := sixteenConstants512{a.ZMM(), a.ZMM(), a.ZMM(), a.ZMM()}
	a.VPBROADCASTD(a.words(0x7fffffff), c.magnitude)
	a.VBROADCASTSS(a.floats(127), c.top)
	a.VPBROADCASTD(a.words(0x0101_0101), c.ones)
	a.VMOVDQU32(a.data("fourByFour", 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), c.order)
	return c
}

// quantiseSixteen512 quantises sixteen groups. Until the sums are known, their place
// holds the factors.
func (a *assembler) quantiseSixteen512(c sixteenConstants512, q, scale, sums, x reg.Register) {
	floats := func(g, half int) Op { return at(x, 128*g+64*half) }
	step, factors := a.factors512(c, floats)
	a.VMOVUPS(step, at(scale, 0))
	a.VMOVUPS(factors, at(sums, 0))
	factor := func(g int) reg.VecVirtual {
		v := a.ZMM()
		a.VBROADCASTSS(at(sums, 4*g), v)
		return v
	}
	total := a.levels512(c, step, floats, factor, func(g int, levels reg.VecVirtual) { a.VMOVDQU32(levels, at(q, 32*g)) })
	a.VMOVUPS(total, at(sums, 0))
}

// factors512 returns what stands for a level in each of sixteen groups, and what floats
// are multiplied by to become levels. x says where the halves of groups are.
func (a *assembler) factors512(c sixteenConstants512, x func(g, half int) Op) (step, factor reg.VecVirtual) {
	a.Comment("The bits of floats without a sign are in the order of integers.")
	peak := a.sixteen512(c.order, a.VPMAXSD, func(g int) reg.VecVirtual {
		peaks := vectors(2, a.ZMM)
		for i, v := range peaks {
			t := a.ZMM()
			a.VPANDD(x(g+i, 0), c.magnitude, v)
			a.VPANDD(x(g+i, 1), c.magnitude, t)
			a.VPMAXSD(t, v, v)
		}
		return a.halves512(peaks, a.VPMAXSD)
	})
	a.Comment("The factor is 0 where the peak is below kernel.QuantiseMin.")
	step, factor = a.ZMM(), a.ZMM()
	least, above := a.ZMM(), a.K()
	a.VDIVPS(c.top, peak, step)
	a.VBROADCASTSS(a.floats(kernel.QuantiseMin), least)
	a.VCMPPS(U8(notBelow), least, peak, above)
	a.VDIVPS_Z(peak, c.top, above, factor)
	return step, factor
}

// levels512 hands the levels of two groups at a time to store, and returns the sums of
// all sixteen times their steps.
func (a *assembler) levels512(c sixteenConstants512, step reg.VecVirtual, x func(g, half int) Op, factor func(g int) reg.VecVirtual, store func(g int, levels reg.VecVirtual)) reg.VecVirtual {
	total := a.sixteen512(c.order, a.VPADDD, func(g int) reg.VecVirtual {
		v := vectors(4, a.ZMM)
		for i := range 2 {
			f := factor(g + i)
			for half, t := range v[2*i:][:2] {
				a.VMULPS(x(g+i, half), f, t)
				a.VCVTPS2DQ(t, t)
			}
		}
		a.Comment("Packing works within quarters of registers; the permutation mends the order.")
		a.VPACKSSDW(v[1], v[0], v[0])
		a.VPACKSSDW(v[3], v[2], v[2])
		a.VPACKSSWB(v[2], v[0], v[0])
		a.VPERMD(v[0], c.order, v[0])
		store(g, v[0])
		fours := a.ZMM() // sums of four levels each
		a.VPXORD(fours, fours, fours)
		a.vpdpbusd(nil, v[0], c.ones, fours)
		return fours
	})
	a.VCVTDQ2PS(total, total)
	a.VMULPS(step, total, total)
	return total
}

// sixteen512 combines the eight lanes of each of sixteen groups by an operation without
// order, the groups' results in the lanes of one register. pair makes the register of
// groups g and g+1, one in each half.
func (a *assembler) sixteen512(order reg.VecVirtual, operation func(...Op), pair func(g int) reg.VecVirtual) reg.VecVirtual {
	var v []reg.VecVirtual
	for g := 0; g < 16; g += 4 { // a group in each quarter
		v = append(v, a.quarters([]reg.VecVirtual{pair(g), pair(g + 2)}, operation))
	}
	// within combines lanes of quarters that two shuffles bring side by side.
	within := func(first, second reg.VecVirtual, one, other uint8) reg.VecVirtual {
		t := a.ZMM()
		a.VSHUFPS(U8(other), second, first, t)
		a.VSHUFPS(U8(one), second, first, first)
		operation(t, first, first)
		return first
	}
	all := within(within(v[0], v[1], 0x44, 0xee), within(v[2], v[3], 0x44, 0xee), 0x88, 0xdd)
	a.VPERMD(all, order, all)
	return all
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
