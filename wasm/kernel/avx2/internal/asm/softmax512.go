package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// softmax512 is softmax for four or eight rows of scores, in 512-bit registers. A row's
// maximum, exponentials, sum and quotient wait for each other; other rows hide that.
// All of them end in the same vector.
func (a *assembler) softmax512(rows int) {
	a.function(fmt.Sprintf("softmax512x%d", rows), "func(x *float32, xStride, count, step int, inverse *float32)",
		fmt.Sprintf("softmax512x%d sets x[i] = Exp(x[i] - max x) for i < count in each of %d rows,", rows, rows),
		"0 for the rest of the last eight, and inverse to 1 / (sum of x in eight lanes). Each",
		"row has step more scores than the one above; the last ones of all are of one group",
		"of eight. xStride is in floats; count > 0.")
	count, step := a.param("count"), a.param("step")
	blocks := a.GP64() // full vectors before the last one
	a.LEAQ(Mem{Base: count, Disp: -1}, blocks)
	a.SHRQ(Imm(4), blocks)
	a.DECQ(count)
	a.ANDQ(Imm(15), count)
	a.INCQ(count)
	stored := a.lanesBelow(a.roundedToEight(count))

	// pass calls full with all full vectors, then last with the rest and a function that
	// returns the lanes below count of one row after the other.
	pass := func(label string, full func(x matrix), last func(x matrix, valid func() reg.OpmaskVirtual)) {
		x, left := a.floatMatrix("x", "xStride", rows), a.GP64()
		a.MOVQ(blocks, left)
		a.TESTQ(left, left)
		a.JZ(LabelRef(label + "Last"))
		a.loop(label, left, func() {
			full(x)
			a.ADDQ(Imm(64), x.base)
		})
		a.Label(label + "Last")
		lanes := a.GP64()
		a.MOVQ(count, lanes)
		last(x, func() reg.OpmaskVirtual {
			k := a.lanesBelow(lanes)
			a.ADDQ(step, lanes)
			return k
		})
	}

	a.Comment("The largest score; lanes past the end count as -infinity.")
	top := vectors(rows, a.ZMM)
	for _, t := range top {
		a.VBROADCASTSS(a.floats(float32(math.Inf(-1))), t)
	}
	pass("max",
		func(x matrix) {
			for r, t := range top {
				a.VMAXPS(x.row(r, 0), t, t)
			}
		},
		func(x matrix, valid func() reg.OpmaskVirtual) {
			for r, t := range top {
				a.VMAXPS(x.row(r, 0), t, valid(), t)
			}
		})
	for i := 0; i < rows; i += 4 {
		a.spread(top[i:i+4], a.combine(top[i:i+4], a.VMAXPS))
	}

	a.Comment("Exponentials and their sums, two rows to a register.")
	constants := a.loadExp512()
	sums := vectors(rows/2, a.zero512)
	pass("exp",
		func(x matrix) {
			for i := 0; i < rows; i += 4 {
				p := vectors(4, a.ZMM)
				for r, t := range p {
					a.VMOVUPS(x.row(i+r, 0), t)
				}
				a.expBelow512(constants, p, top[i:])
				for r, t := range p {
					a.VMOVUPS(t, x.row(i+r, 0))
				}
				a.addHalves512(sums[i/2], p[0], p[1])
				a.addHalves512(sums[i/2+1], p[2], p[3])
			}
		},
		func(x matrix, valid func() reg.OpmaskVirtual) {
			for i := 0; i < rows; i += 4 {
				p, k := vectors(4, a.ZMM), make([]reg.OpmaskVirtual, 4)
				for r, t := range p {
					k[r] = valid()
					a.VMOVUPS_Z(x.row(i+r, 0), k[r], t)
				}
				a.expBelow512(constants, p, top[i:])
				for r, t := range p {
					a.VMOVAPS_Z(t, k[r], t)
					a.VMOVUPS(t, stored, x.row(i+r, 0))
				}
				a.addHalves512(sums[i/2], p[0], p[1])
				a.addHalves512(sums[i/2+1], p[2], p[3])
			}
		})
	inverse := a.param("inverse")
	for i := 0; i < rows; i += 4 {
		total := a.sumLanes512(sums[i/2:][:2])
		a.VDIVPS(total, constants.one, total)
		for r := i; r < i+4; r++ {
			a.VMOVSS(total.AsX(), at(inverse, 4*r))
			a.VSHUFF32X4(U8(0x39), total, total, total) // the next row's quarter
		}
	}
	a.end()
}

// addHalves512 adds the low, then the high eight lanes of two rows to their sums, which
// are the halves of one register.
func (a *assembler) addHalves512(sum, first, second reg.VecVirtual) {
	low, high := a.ZMM(), a.ZMM()
	a.VSHUFF64X2(U8(0x44), second, first, low)
	a.VSHUFF64X2(U8(0xee), second, first, high)
	a.VADDPS(low, sum, sum)
	a.VADDPS(high, sum, sum)
}

// roundedToEight returns the next multiple of eight.
func (a *assembler) roundedToEight(n reg.GPVirtual) reg.GPVirtual {
	r := a.GP64()
	a.LEAQ(Mem{Base: n, Disp: 7}, r)
	a.ANDQ(I8(-8), r)
	return r
}

// lanesBelow returns the mask of the first n lanes.
func (a *assembler) lanesBelow(n reg.GPVirtual) reg.OpmaskVirtual {
	ones, k := a.GP64(), a.K()
	a.MOVQ(I32(-1), ones)
	a.BZHIQ(n, ones, ones)
	a.KMOVW(ones.As32(), k)
	return k
}

// combine combines the sixteen lanes of each of four rows, by an operation without
// order, in all lanes of a row's quarter of the result.
func (a *assembler) combine(v []reg.VecVirtual, operation func(...Op)) reg.VecVirtual {
	halves := []reg.VecVirtual{a.halves512(v[:2], operation), a.halves512(v[2:], operation)}
	return a.acrossQuarters(a.quarters(halves, operation), operation)
}

// halves512 combines the two halves of each of two registers, in the halves of one.
func (a *assembler) halves512(v []reg.VecVirtual, operation func(...Op)) reg.VecVirtual {
	low, high := a.ZMM(), a.ZMM()
	a.VSHUFF64X2(U8(0x44), v[1], v[0], low)
	a.VSHUFF64X2(U8(0xee), v[1], v[0], high)
	operation(high, low, low)
	return low
}

// quarters combines the two quarters of each half of two registers, in one.
func (a *assembler) quarters(halves []reg.VecVirtual, operation func(...Op)) reg.VecVirtual {
	low, high := a.ZMM(), a.ZMM()
	a.VSHUFF64X2(U8(0x88), halves[1], halves[0], low)
	a.VSHUFF64X2(U8(0xdd), halves[1], halves[0], high)
	operation(high, low, low)
	return low
}

// acrossQuarters combines the lanes of each quarter in all of its lanes.
func (a *assembler) acrossQuarters(v reg.VecVirtual, operation func(...Op)) reg.VecVirtual {
	t := a.ZMM()
	a.VPERMILPS(U8(0x4e), v, t)
	operation(t, v, v)
	a.VPERMILPS(U8(0xb1), v, t)
	operation(t, v, v)
	return v
}

// sumLanes512 is sumLanes of four rows, two to a register: each row's sum fills a quarter.
func (a *assembler) sumLanes512(halves []reg.VecVirtual) reg.VecVirtual {
	return a.acrossQuarters(a.quarters(halves, a.VADDPS), a.VADDPS)
}

// spread fills each v with its quarter.
func (a *assembler) spread(v []reg.VecVirtual, quarters reg.VecVirtual) {
	for i, t := range v {
		a.VSHUFF32X4(U8(0x55*i), quarters, quarters, t)
	}
}

// magic is such that adding it to a float of magnitude below 2^22 rounds that to an
// integer, to nearest even, which then stands in the low bits of the sum.
const magic float32 = 0x1.8p23

// expConstants512 are what expOf512 keeps in registers.
type expConstants512 struct{ magic, one reg.VecVirtual }

func (a *assembler) loadExp512() (c expConstants512) {
	c.magic, c.one = a.ZMM(), a.ZMM()
	a.VBROADCASTSS(a.floats(magic), c.magic)
	a.VBROADCASTSS(a.floats(1), c.one)
	return c
}

// expBelow512 sets each x = kernel.Exp(x - top), where x is at most top.
func (a *assembler) expBelow512(c expConstants512, x, top []reg.VecVirtual) {
	for i, t := range x {
		a.VSUBPS(top[i], t, t)
	}
	for _, t := range x {
		a.VPMINUD_BCST(a.floats(kernel.ExpMin), t, t) // below zero the bits of floats grow with their magnitude
	}
	a.expOf512(c, x)
}

// expOf512 sets each x = kernel.Exp(x), for x from kernel.ExpMin to kernel.ExpMax.
// n*Ln2Hi is exact, so that subtracting it in one instruction rounds no less; and
// p*2^n is p with n added to its exponent, for it is no subnormal.
func (a *assembler) expOf512(c expConstants512, x []reg.VecVirtual) {
	n, t := vectors(len(x), a.ZMM), vectors(len(x), a.ZMM)
	each := func(do func(x, n, t reg.VecVirtual)) {
		for i := range x {
			do(x[i], n[i], t[i])
		}
	}
	each(func(x, n, t reg.VecVirtual) { a.VMULPS_BCST(a.floats(kernel.ExpLog2E), x, n) })
	each(func(x, n, t reg.VecVirtual) { a.VADDPS(c.magic, n, n) })
	each(func(x, n, t reg.VecVirtual) { a.VSUBPS(c.magic, n, t) })
	each(func(x, n, t reg.VecVirtual) { a.VFNMADD231PS_BCST(a.floats(kernel.ExpLn2Hi), t, x) })
	each(func(x, n, t reg.VecVirtual) { a.VMULPS_BCST(a.floats(kernel.ExpLn2Lo), t, t) })
	each(func(x, n, t reg.VecVirtual) { a.VSUBPS(t, x, x) })
	each(func(x, n, t reg.VecVirtual) { a.VPSLLD(U8(23), n, n) })
	each(func(x, n, p reg.VecVirtual) { a.VMULPS_BCST(a.floats(kernel.ExpC6), x, p) })
	for _, coefficient := range []float32{kernel.ExpC5, kernel.ExpC4, kernel.ExpC3, kernel.ExpC2, 1} {
		if coefficient == 1 {
			each(func(x, n, p reg.VecVirtual) { a.VADDPS(c.one, p, p) })
		} else {
			each(func(x, n, p reg.VecVirtual) { a.VADDPS_BCST(a.floats(coefficient), p, p) })
		}
		each(func(x, n, p reg.VecVirtual) { a.VMULPS(x, p, p) })
	}
	each(func(x, n, p reg.VecVirtual) { a.VADDPS(c.one, p, p) })
	each(func(x, n, p reg.VecVirtual) { a.VPADDD(n, p, x) })
}
