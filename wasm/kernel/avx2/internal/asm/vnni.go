package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vnniTile is matMulTile for two panels side by side in 512-bit registers, with
// VPDPBUSD, which sums four products in 32 bits. All instructions have EVEX
// forms, so that any of the 32 registers serves.
func (a *assembler) vnniTile(rows int) {
	a.function(fmt.Sprintf("q4VNNITile%d", rows),
		"func(out *float32, q *int8, scale, sums *float32, w *byte, n, groups int)",
		fmt.Sprintf("q4VNNITile%d multiplies a tile of rows, %d high, by two panels.", rows, rows),
		"n is the number of columns of out; groups > 0.")
	groups, left := a.param("groups"), a.param("w")
	q, scale, sums := a.activations(groups, rows)
	right := a.GP64()
	a.IMUL3Q(U32(groupBytes), groups, right)
	a.ADDQ(left, right)
	mask := a.ZMM()
	a.VPBROADCASTD(a.words(0x0f0f_0f0f), mask)
	acc, dot := vectors(rows, a.ZMM), vectors(rows, a.ZMM)
	for _, v := range acc {
		a.VPXORD(v, v, v)
	}

	a.loop("group", groups, func() {
		for _, v := range dot {
			a.VPXORD(v, v, v)
		}
		for block := range 4 {
			a.Commentf("Inputs %d to %d.", 8*block, 8*block+7)
			low, high := a.ZMM(), a.ZMM()
			a.VMOVDQU32(at(left, nibbles+32*block), high.AsY())
			a.VINSERTI64X4(U8(1), at(right, nibbles+32*block), high, high)
			a.VPANDD(mask, high, low)
			a.VPSRLW(U8(4), high, high)
			a.VPANDD(mask, high, high)
			for half, weights := range []reg.VecVirtual{low, high} {
				for r := range rows {
					a.dotBroadcast(q.row(r, 8*block+4*half), weights, dot[r])
				}
			}
		}
		a.Comment("Scale, then add the minimums' part.")
		d, m := a.pair(left, right, 0), a.pair(left, right, minimums)
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
		a.ADDQ(U32(groupBytes), left)
		a.ADDQ(U32(groupBytes), right)
	})

	a.storeRows(acc)
	a.end()
}

// pair widens eight float16 of either panel.
func (a *assembler) pair(left, right reg.GPVirtual, offset int) reg.VecVirtual {
	v := a.ZMM()
	a.VMOVDQU32(at(left, offset), v.AsX())
	a.VINSERTI32X4(U8(1), at(right, offset), v.AsY(), v.AsY())
	a.VCVTPH2PS(v.AsY(), v)
	return v
}

// dotBroadcast adds to each 32-bit lane of sum the products of its four unsigned
// bytes of weights with the four signed bytes at address. avo 0.5 does not know
// the instruction.
func (a *assembler) dotBroadcast(address Mem, weights, sum reg.VecVirtual) {
	a.Instruction(&ir.Instruction{
		Opcode:   "VPDPBUSD",
		Suffixes: []string{"BCST"},
		Operands: []Op{address, weights, sum},
		Inputs:   []Op{address, weights, sum},
		Outputs:  []Op{sum},
		ISA:      []string{"AVX512VNNI"},
	})
}
