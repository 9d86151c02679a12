package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// floatTile is the product of a few rows by 8 or 16 columns in float32; a column
// is a lane, so each sum runs in the order of count.
func (a *assembler) floatTile(rows, width int) {
	name := fmt.Sprintf("tile%dx%d", rows, width)
	a.function(name,
		"func(out *float32, outStride int, x *float32, xStride int, y *float32, yStride, count int, factor *float32)",
		fmt.Sprintf("%s sets out[r][c] = (sum over i in order of x[r][i]*y[i][c]) * factor[r]", name),
		fmt.Sprintf("for %d rows and %d columns. Strides are in floats; count > 0.", rows, width))
	x := a.floatMatrix("x", "xStride", rows)
	y, yStride, count := a.param("y"), a.param("yStride"), a.param("count")
	a.SHLQ(Imm(2), yStride)
	parts := width / 8
	acc := vectors(rows*parts, a.zero)

	a.loop("step", count, func() {
		columns := vectors(parts, a.YMM)
		for i, v := range columns {
			a.VMOVUPS(at(y, 32*i), v)
		}
		for r := range rows {
			t := a.YMM()
			a.VBROADCASTSS(x.row(r, 0), t)
			for i, v := range columns {
				product := a.YMM()
				a.VMULPS(v, t, product)
				a.VADDPS(product, acc[r*parts+i], acc[r*parts+i])
			}
		}
		a.ADDQ(Imm(4), x.base)
		a.ADDQ(yStride, y)
	})

	out, factor := a.floatMatrix("out", "outStride", rows), a.param("factor")
	for r := range rows {
		t := a.YMM()
		a.VBROADCASTSS(at(factor, 4*r), t)
		for i := range parts {
			sum := acc[r*parts+i]
			a.VMULPS(t, sum, sum)
			a.VMOVUPS(sum, out.row(r, 32*i))
		}
	}
	a.end()
}

// floatMatrix addresses rows of floats from parameters.
func (a *assembler) floatMatrix(base, stride string, rows int) matrix {
	s := a.param(stride)
	a.SHLQ(Imm(2), s)
	return a.matrix(a.param(base), s, rows)
}

// transpose turns eight rows into eight columns.
func (a *assembler) transpose() {
	a.function("transpose8",
		"func(out *float32, outStride int, x *float32, xStride, blocks int)",
		"transpose8 sets out[c][r] = x[r][c] for 8 rows and 8*blocks columns of x.",
		"Strides are in floats; blocks > 0.")
	x, out := a.floatMatrix("x", "xStride", 8), a.floatMatrix("out", "outStride", 8)
	a.loop("block", a.param("blocks"), func() {
		v := vectors(8, a.YMM)
		for r := range v {
			a.VMOVUPS(x.row(r, 0), v[r])
		}
		a.Comment("Pairs of rows: 2x2 blocks.")
		pairs := vectors(8, a.YMM)
		for i := 0; i < 8; i += 2 {
			a.VUNPCKLPS(v[i+1], v[i], pairs[i])
			a.VUNPCKHPS(v[i+1], v[i], pairs[i+1])
		}
		a.Comment("Pairs of pairs: 4x4 blocks.")
		quads := vectors(8, a.YMM)
		for i := 0; i < 8; i += 4 {
			for j := range 2 {
				a.VSHUFPS(U8(0x44), pairs[i+j+2], pairs[i+j], quads[i+2*j])
				a.VSHUFPS(U8(0xee), pairs[i+j+2], pairs[i+j], quads[i+2*j+1])
			}
		}
		a.Comment("Halves of registers.")
		for c := range 4 {
			t := a.YMM()
			a.VPERM2F128(U8(0x20), quads[c+4], quads[c], t)
			a.VMOVUPS(t, out.row(c, 0))
			a.VPERM2F128(U8(0x31), quads[c+4], quads[c], t)
			a.VMOVUPS(t, out.row(c+4, 0))
		}
		a.ADDQ(Imm(32), x.base)
		a.LEAQ(Mem{Base: out.base, Index: out.multiple[1], Scale: 8}, out.base)
	})
	a.end()
}

// softmax turns scores into unnormalised probabilities.
func (a *assembler) softmax() {
	a.function("softmax", "func(x *float32, count int) float32",
		"softmax sets x[i] = Exp(x[i] - max x) for i < count, 0 for the rest of the",
		"last eight, and returns 1 / (sum of x in eight lanes). count > 0.")
	lanes := a.data("laneNumbers", 0, 1, 2, 3, 4, 5, 6, 7)
	eight := a.words(8)
	limit, blocks := a.YMM(), a.param("count")
	a.VMOVD(blocks.As32(), limit.AsX())
	a.VPBROADCASTD(limit.AsX(), limit)
	a.ADDQ(Imm(7), blocks)
	a.SHRQ(Imm(3), blocks)

	// pass visits all vectors; valid has ones in the lanes below count.
	pass := func(label string, body func(x Mem, valid reg.VecVirtual)) {
		x, left, index, valid := a.param("x"), a.GP64(), a.YMM(), a.YMM()
		a.MOVQ(blocks, left)
		a.VMOVDQU(lanes, index)
		a.loop(label, left, func() {
			a.VPCMPGTD(index, limit, valid)
			a.VPADDD(eight, index, index)
			body(at(x, 0), valid)
			a.ADDQ(Imm(32), x)
		})
	}

	a.Comment("The largest score; lanes past the end count as -infinity.")
	least, top := a.YMM(), a.YMM()
	a.VMOVUPS(a.floats(float32(math.Inf(-1))), least)
	a.VMOVAPS(least, top)
	pass("max", func(x Mem, valid reg.VecVirtual) {
		t := a.YMM()
		a.VBLENDVPS(valid, x, least, t)
		a.VMAXPS(t, top, top)
	})
	a.across(top, a.VMAXPS)

	a.Comment("Exponentials and their sum.")
	sum := a.zero()
	pass("exp", func(x Mem, valid reg.VecVirtual) {
		t := a.YMM()
		a.VMOVUPS(x, t)
		a.VSUBPS(top, t, t)
		p := a.exp(t)
		a.VANDPS(valid, p, p)
		a.VMOVUPS(p, x)
		a.VADDPS(p, sum, sum)
	})
	a.sumLanes(sum)
	one := a.XMM()
	a.VMOVSS(a.floats(1), one)
	a.VDIVSS(sum.AsX(), one, one)
	a.Store(one, a.ReturnIndex(0))
	a.end()
}
