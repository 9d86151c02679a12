package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// avxVNNITile is the tile of one panel for processors that have VPDPBUSD in its VEX
// form without AVX-512. Neither avo nor Go's assembler knows that form, so the
// instruction is written as bytes, and its operands are registers chosen here: Y0
// to Y5 for the sums, Y6 and Y7 for weights, Y8 for activations.
func (a *assembler) avxVNNITile(l layout, rows int) {
	name := fmt.Sprintf("%sAVXVNNITile%d", l.name, rows)
	a.function(name, tileSignature,
		fmt.Sprintf("%s multiplies a tile of rows, %d high, by one panel.", name, rows),
		"n is the number of columns of out; groups > 0.")
	groups, w := a.param("groups"), a.param("w")
	q, scale, sums := a.activations(groups, rows)
	dot := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5}[:rows]
	low, high, x := reg.Y6, reg.Y7, reg.Y8
	acc := vectors(rows, a.zero)
	mask := a.YMM()
	a.VMOVDQU(a.words(0x0f0f_0f0f), mask)

	multiply := func(step int, weights reg.VecPhysical) {
		for r, sum := range dot {
			a.VPBROADCASTD(q.row(r, 4*step), x)
			a.vexDot(x, weights, sum)
		}
	}
	a.loop("group", groups, func() {
		for _, sum := range dot {
			a.VPXOR(sum, sum, sum)
		}
		for step := 0; step < 8; step += 2 {
			a.Commentf("Inputs %d to %d.", 4*step, 4*step+7)
			if l == q4 {
				a.VMOVDQU(at(w, levels+16*step), high)
				a.VPAND(mask, high, low)
				a.VPSRLW(U8(4), high, high)
				a.VPAND(mask, high, high)
			} else {
				a.VMOVDQU(at(w, levels+32*step), low)
				a.VMOVDQU(at(w, levels+32*step+32), high)
			}
			multiply(step, low)
			multiply(step+1, high)
		}
		a.Comment("Scale, then add the minimums' part.")
		d, m, t := low, high, x
		a.VCVTPH2PS(at(w, 0), d)
		a.VCVTPH2PS(at(w, minimums), m)
		for r, v := range dot {
			a.VCVTDQ2PS(v, v)
			a.VMULPS(d, v, v)
			a.VBROADCASTSS(scale.row(r, 0), t)
			a.VMULPS(t, v, v)
			a.VADDPS(v, acc[r], acc[r])
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

// vexDot emits VPDPBUSD x, weights, sum in the encoding
// VEX.256.66.0F38.W0 50 /r (Intel SDM, volume 2).
func (a *assembler) vexDot(x, weights, sum reg.VecPhysical) {
	number := func(r reg.VecPhysical) byte { return byte(r.PhysicalIndex()) }
	code := []byte{
		0xc4,
		(^number(sum)&8)<<4 | 1<<6 | (^number(x)&8)<<2 | 2, // R, X, B inverted; map 0F38
		(^number(weights)&15)<<3 | 1<<2 | 1,                // vvvv inverted; 256 bits; prefix 66
		0x50,
		3<<6 | (number(sum)&7)<<3 | number(x)&7,
	}
	a.Commentf("VPDPBUSD Y%d, Y%d, Y%d", number(x), number(weights), number(sum))
	for i, b := range code {
		instruction := &ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(b)}}
		if i == 0 { // avo follows the registers by the first byte
			instruction.Inputs, instruction.Outputs = []Op{x, weights, sum}, []Op{sum}
		}
		a.Instruction(instruction)
	}
}
