package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Layout of a group of one panel, see kernel.PackQ4.
const (
	minimums   = 16  // offset of the eight float16 minimums
	nibbles    = 32  // offset of the four blocks of 32 bytes
	groupBytes = 160 // size
)

// matMulTile is kernel.Kernels.MatMulQ4 for one panel of eight columns and a
// tile of up to six rows, which share the unpacked weights and fill the sixteen
// registers. In a group the products of 8 steps of 4 inputs are summed in 16
// bits: 8 steps x 2 products x 15 x 128 = 30720 does not overflow.
func (a *assembler) matMulTile(rows int) {
	a.function(fmt.Sprintf("q4Tile%d", rows),
		"func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)",
		fmt.Sprintf("q4Tile%d multiplies a tile of rows, %d high, by one panel.", rows, rows),
		"n is the number of columns of out; groups > 0.")
	groups, w := a.param("groups"), a.param("w")
	q, scale, sums := a.activations(groups, rows)
	acc, dot := vectors(rows, a.zero), vectors(rows, a.YMM)
	mask, ones := a.YMM(), a.words(0x0001_0001)
	a.VMOVDQU(a.words(0x0f0f_0f0f), mask)

	a.loop("group", groups, func() {
		for block := range 4 {
			a.Commentf("Inputs %d to %d.", 8*block, 8*block+7)
			low, high := a.YMM(), a.YMM()
			a.VMOVDQU(at(w, nibbles+32*block), high)
			a.VPAND(mask, high, low)
			a.VPSRLW(U8(4), high, high)
			a.VPAND(mask, high, high)
			for half, weights := range []reg.VecVirtual{low, high} {
				for r := range rows {
					t := a.YMM()
					a.VPBROADCASTD(q.row(r, 8*block+4*half), t)
					if block+half == 0 {
						a.VPMADDUBSW(t, weights, dot[r])
						continue
					}
					a.VPMADDUBSW(t, weights, t)
					a.VPADDW(t, dot[r], dot[r])
				}
			}
		}
		a.Comment("Scale, then add the minimums' part.")
		d, m := a.YMM(), a.YMM()
		a.VCVTPH2PS(at(w, 0), d)
		a.VCVTPH2PS(at(w, minimums), m)
		for r := range rows {
			a.VPMADDWD(ones, dot[r], dot[r])
			a.VCVTDQ2PS(dot[r], dot[r])
			a.VMULPS(d, dot[r], dot[r])
			t := a.YMM()
			a.VBROADCASTSS(scale.row(r, 0), t)
			a.VMULPS(t, dot[r], dot[r])
			a.VADDPS(dot[r], acc[r], acc[r])
			a.VBROADCASTSS(sums.row(r, 0), t)
			a.VMULPS(m, t, t)
			a.VADDPS(t, acc[r], acc[r])
		}
		a.ADDQ(Imm(32), q.base)
		a.ADDQ(Imm(4), scale.base)
		a.ADDQ(Imm(4), sums.base)
		a.ADDQ(U32(groupBytes), w)
	})

	a.storeRows(acc)
	a.end()
}

// activations addresses the rows of q, 32 bytes a group, and of scale and sums,
// 4 bytes a group, which share the registers of their stride.
func (a *assembler) activations(groups reg.GPVirtual, rows int) (q, scale, sums matrix) {
	q = a.matrix(a.param("q"), a.shifted(groups, 5), rows)
	scale = a.matrix(a.param("scale"), a.shifted(groups, 2), rows)
	return q, scale, matrix{a.param("sums"), scale.multiple}
}

// storeRows writes one vector to each row of out; the rows are n floats apart.
func (a *assembler) storeRows(v []reg.VecVirtual) {
	out := a.floatMatrix("out", "n", len(v))
	for r := range v {
		a.VMOVUPS(v[r], out.row(r, 0))
	}
}
