package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vnniTile is a tile of two panels side by side in 512-bit registers, with
// VPDPBUSD, which sums four products in 32 bits. All instructions have EVEX
// forms, so that any of the 32 registers serves. Four panels and six rows, with
// fewer loads of activations, were slower by a tenth.
func (a *assembler) vnniTile(l layout, rows int) {
	name := fmt.Sprintf("%sVNNITile%d", l.name, rows)
	a.function(name, tileSignature,
		fmt.Sprintf("%s multiplies a tile of rows, %d high, by two panels.", name, rows),
		"n is the number of columns of out; groups > 0.")
	groups, left := a.param("groups"), a.param("w")
	q, scale, sums := a.activations(groups, rows)
	right := a.GP64()
	a.IMUL3Q(U32(l.groupBytes), groups, right)
	a.ADDQ(left, right)
	var mask reg.VecVirtual
	if l == q4 {
		mask = a.ZMM()
		a.VPBROADCASTD(a.words(0x0f0f_0f0f), mask)
	}
	acc, dot := vectors(rows, a.ZMM), vectors(rows, a.ZMM)
	for _, v := range acc {
		a.VPXORD(v, v, v)
	}

	a.loop("group", groups, func() {
		for _, v := range dot {
			a.VPXORD(v, v, v)
		}
		multiply := func(step int, weights reg.VecVirtual) {
			a.Commentf("Inputs %d to %d.", 4*step, 4*step+3)
			for r := range rows {
				a.vpdpbusd([]string{"BCST"}, q.row(r, 4*step), weights, dot[r])
			}
		}
		if l == q4 {
			for block := range 4 {
				low, high := a.ZMM(), a.levels(left, right, levels+32*block)
				a.VPANDD(mask, high, low)
				a.VPSRLW(U8(4), high, high)
				a.VPANDD(mask, high, high)
				multiply(2*block, low)
				multiply(2*block+1, high)
			}
		} else {
			for step := range 8 {
				multiply(step, a.levels(left, right, levels+32*step))
			}
		}
		a.Comment("Scale, then add the minimums' part.")
		d, m := a.halves(left, right, 0), a.halves(left, right, minimums)
		for r := range rows {
			a.VCVTDQ2PS(dot[r], dot[r])
			a.VMULPS(d, dot[r], dot[r])
			a.VMULPS_BCST(scale.row(r, 0), dot[r], dot[r])
			a.VADDPS(dot[r], acc[r], acc[r])
			t := a.ZMM()
			a.VMULPS_BCST(sums.row(r, 0), m, t)
			a.VADDPS(t, acc[r], acc[r])
		}
		a.ADDQ(Imm(32), q.base)
		a.ADDQ(Imm(4), scale.base)
		a.ADDQ(Imm(4), sums.base)
		a.ADDQ(U32(l.groupBytes), left)
		a.ADDQ(U32(l.groupBytes), right)
	})

	a.storeRows(acc)
	a.end()
}

// levels loads 32 bytes of either panel.
func (a *assembler) levels(left, right reg.GPVirtual, offset int) reg.VecVirtual {
	v := a.ZMM()
	a.load(at(left, offset), v.AsY(), v)
	a.VINSERTI64X4(U8(1), at(right, offset), v, v)
	return v
}

// halves widens eight float16 of either panel.
func (a *assembler) halves(left, right reg.GPVirtual, offset int) reg.VecVirtual {
	v := a.ZMM()
	a.load(at(left, offset), v.AsX(), v)
	a.VINSERTI32X4(U8(1), at(right, offset), v.AsY(), v.AsY())
	a.VCVTPH2PS(v.AsY(), v)
	return v
}

// load fills the low part of a register and, as all such loads do, clears the rest,
// which avo does not know: it would hold a register for what was there before.
func (a *assembler) load(address Mem, part, whole reg.Register) {
	a.Instruction(&ir.Instruction{
		Opcode:   "VMOVDQU32",
		Operands: []Op{address, part},
		Inputs:   []Op{address},
		Outputs:  []Op{whole},
		ISA:      []string{"AVX512F", "AVX512VL"},
	})
}

// vpdpbusd adds to each 32-bit lane of sum the products of its four unsigned bytes
// of weights with the four signed bytes of x. Suffixes say how x is read. avo 0.5
// does not know the instruction.
func (a *assembler) vpdpbusd(suffixes []string, x, weights, sum Op) {
	a.Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Suffixes: suffixes,
		Operands: []Op{x, weights, sum},
		Inputs:   []Op{x, weights, sum},
		Outputs:  []Op{sum},
		ISA:      []string{"AVX512VNNI"},
	})
}
