package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// layout is how weights of a product are packed: both begin a group of one panel
// with eight float16 scales and eight minimums.
type layout struct {
	name       string
	groupBytes uint32
}

const (
	minimums = 16 // offset of the minimums
	levels   = 32 // offset of the levels
)

var (
	q4 = layout{"q4", 160} // see kernel.PackQ4: four blocks of 32 bytes, two steps each
	q7 = layout{"q7", 288} // see kernel.PackQ7: eight steps of 32 bytes

	// q4Unpacked is q4 as q4Unpack makes it: floats, and eight steps of 32 bytes.
	q4Unpacked = layout{"q4Unpacked", floatLevels + 256}
)

const (
	floatMinimums = 32 // offset of the minimums of q4Unpacked
	floatLevels   = 64 // offset of its levels
)

// tileSignature is that of all tiles.
const tileSignature = "func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)"

// q4Tile is kernel.Kernels.MatMulQ4 for one panel of eight columns and a tile of
// up to six rows, which share the weights and fill the sixteen registers.
// In a group the products of 8 steps of 4 inputs are summed in 16 bits: 8 steps x 2
// products x 15 x 128 = 30720 does not overflow.
func (a *assembler) q4Tile(l layout, rows int) {
	mask := a.tileStart(l, rows)
	if l == q4 {
		a.VMOVDQU(a.words(0x0f0f_0f0f), mask)
	}
	a.matMulTile(l, rows, func(t tileOperands) {
		multiply := func(step int, weights reg.VecVirtual) {
			for r, dot := range t.dot {
				x := a.YMM()
				a.VPBROADCASTD(t.q.row(r, 4*step), x)
				if step == 0 {
					a.VPMADDUBSW(x, weights, dot)
					continue
				}
				a.VPMADDUBSW(x, weights, x)
				a.VPADDW(x, dot, dot)
			}
		}
		for block := range 4 {
			a.Commentf("Inputs %d to %d.", 8*block, 8*block+7)
			low, high := a.YMM(), a.YMM()
			if l == q4 {
				a.VMOVDQU(at(t.w, levels+32*block), high)
				a.VPAND(mask, high, low)
				a.VPSRLW(U8(4), high, high)
				a.VPAND(mask, high, high)
			} else {
				a.VMOVDQU(at(t.w, floatLevels+64*block), low)
				a.VMOVDQU(at(t.w, floatLevels+64*block+32), high)
			}
			multiply(2*block, low)
			multiply(2*block+1, high)
		}
		for _, dot := range t.dot {
			a.VPMADDWD(a.words(0x0001_0001), dot, dot)
		}
	})
}

func (a *assembler) q4Unpack() {
	a.function("q4Unpack", "func(out, w *byte, groups int)",
		"q4Unpack unpacks a panel for the tiles q4Unpacked. groups > 0.")
	out, w, mask := a.param("out"), a.param("w"), a.YMM()
	a.VMOVDQU(a.words(0x0f0f_0f0f), mask)
	a.loop("group", a.param("groups"), func() {
		d, m := a.YMM(), a.YMM()
		a.VCVTPH2PS(at(w, 0), d)
		a.VCVTPH2PS(at(w, minimums), m)
		a.VMOVUPS(d, at(out, 0))
		a.VMOVUPS(m, at(out, floatMinimums))
		for block := range 4 {
			low, high := a.YMM(), a.YMM()
			a.VMOVDQU(at(w, levels+32*block), high)
			a.VPAND(mask, high, low)
			a.VPSRLW(U8(4), high, high)
			a.VPAND(mask, high, high)
			a.VMOVDQU(low, at(out, floatLevels+64*block))
			a.VMOVDQU(high, at(out, floatLevels+64*block+32))
		}
		a.ADDQ(U32(q4.groupBytes), w)
		a.ADDQ(U32(q4Unpacked.groupBytes), out)
	})
	a.end()
}

// q7Tile is q4Tile for MatMulQ7. A pair of products is at most 2 x 127 x 128 =
// 32512 and is widened at once.
func (a *assembler) q7Tile(rows int) {
	ones := a.tileStart(q7, rows)
	a.VMOVDQU(a.words(0x0001_0001), ones)
	a.matMulTile(q7, rows, func(t tileOperands) {
		for step := range 8 {
			a.Commentf("Inputs %d to %d.", 4*step, 4*step+3)
			weights := a.YMM()
			a.VMOVDQU(at(t.w, levels+32*step), weights)
			for r, dot := range t.dot {
				x := a.YMM()
				a.VPBROADCASTD(t.q.row(r, 4*step), x)
				a.VPMADDUBSW(x, weights, x)
				if step == 0 {
					a.VPMADDWD(ones, x, dot)
					continue
				}
				a.VPMADDWD(ones, x, x)
				a.VPADDD(x, dot, dot)
			}
		}
	})
}

// tileStart begins the function of a tile and returns a register for a constant.
func (a *assembler) tileStart(l layout, rows int) reg.VecVirtual {
	name := fmt.Sprintf("%sTile%d", l.name, rows)
	a.function(name, tileSignature,
		fmt.Sprintf("%s multiplies a tile of rows, %d high, by one panel.", name, rows),
		"n is the number of columns of out; groups > 0.")
	return a.YMM()
}

// tileOperands are where a group's products are made.
type tileOperands struct {
	q   matrix
	w   reg.GPVirtual
	dot []reg.VecVirtual // integer sums of a row
}

// matMulTile is the body of a tile, of which dots makes the integer sums.
func (a *assembler) matMulTile(l layout, rows int, dots func(tileOperands)) {
	groups, w := a.param("groups"), a.param("w")
	q, scale, sums := a.activations(groups, rows)
	acc, dot := vectors(rows, a.zero), vectors(rows, a.YMM)

	a.loop("group", groups, func() {
		dots(tileOperands{q, w, dot})
		a.Comment("Scale, then add the minimums' part.")
		d, m := a.YMM(), a.YMM()
		if l == q4Unpacked {
			a.VMOVUPS(at(w, 0), d)
			a.VMOVUPS(at(w, floatMinimums), m)
		} else {
			a.VCVTPH2PS(at(w, 0), d)
			a.VCVTPH2PS(at(w, minimums), m)
		}
		for r := range rows {
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
		a.ADDQ(U32(l.groupBytes), w)
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
