package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vnniTile is a tile of two or four panels side by side in 512-bit registers, with
// VPDPBUSD, which sums four products in 32 bits. All instructions have EVEX forms,
// so that any of the 32 registers serves. Processors load two vectors in the time
// of two products: activations that two registers of weights share are loaded
// once, not as operands of both.
func (a *assembler) vnniTile(l layout, rows, panels int) {
	name := fmt.Sprintf("%sVNNITile%dx%d", l.name, rows, panels*8)
	a.function(name, tileSignature,
		fmt.Sprintf("%s multiplies a tile of rows, %d high, by %d panels.", name, rows, panels),
		"n is the number of columns of out; groups > 0.")
	groups := a.param("groups")
	q, scale, sums := a.activations(groups, rows)
	w := a.panels(l, groups, panels)
	var mask reg.VecVirtual
	if l == q4 {
		mask = a.ZMM()
		a.VPBROADCASTD(a.words(0x0f0f_0f0f), mask)
	}
	parts := panels / 2
	acc, dot := vectors(rows*parts, a.ZMM), vectors(rows*parts, a.ZMM)
	for _, v := range acc {
		a.VPXORD(v, v, v)
	}

	a.loop("group", groups, func() {
		for _, v := range dot {
			a.VPXORD(v, v, v)
		}
		multiply := func(step int, weights []reg.VecVirtual) {
			a.Commentf("Inputs %d to %d.", 4*step, 4*step+3)
			for r := range rows {
				if parts == 1 {
					a.vpdpbusd([]string{"BCST"}, q.row(r, 4*step), weights[0], dot[r])
					continue
				}
				x := a.ZMM()
				a.VPBROADCASTD(q.row(r, 4*step), x)
				for i, v := range weights {
					a.vpdpbusd(nil, x, v, dot[r*parts+i])
				}
			}
		}
		switch l {
		case q4:
			for block := range 4 {
				high := a.pairs(a.levels, w, parts, levels+32*block)
				low := vectors(parts, a.ZMM)
				for i, v := range high {
					a.VPANDD(mask, v, low[i])
				}
				multiply(2*block, low)
				for _, v := range high {
					a.VPSRLW(U8(4), v, v)
					a.VPANDD(mask, v, v)
				}
				multiply(2*block+1, high)
			}
		case q7:
			for step := range 8 {
				multiply(step, a.pairs(a.levels, w, parts, levels+32*step))
			}
		case unpacked512:
			for step := range 8 {
				multiply(step, a.unpacked(w, unpackedLevels+128*step))
			}
		}
		a.Comment("Scale, then add the minimums' part.")
		var d, m []reg.VecVirtual
		if l == unpacked512 {
			d, m = a.unpacked(w, 0), a.unpacked(w, unpackedMinimums)
		} else {
			d, m = a.pairs(a.halves, w, parts, 0), a.pairs(a.halves, w, parts, minimums)
		}
		for r := range rows {
			for i := range parts {
				dot, acc := dot[r*parts+i], acc[r*parts+i]
				a.VCVTDQ2PS(dot, dot)
				a.VMULPS(d[i], dot, dot)
				a.VMULPS_BCST(scale.row(r, 0), dot, dot)
				a.VADDPS(dot, acc, acc)
				t := a.ZMM()
				a.VMULPS_BCST(sums.row(r, 0), m[i], t)
				a.VADDPS(t, acc, acc)
			}
		}
		a.ADDQ(Imm(32), q.base)
		a.ADDQ(Imm(4), scale.base)
		a.ADDQ(Imm(4), sums.base)
		a.ADDQ(U32(l.groupBytes), w.base)
	})

	out := a.floatMatrix("out", "n", rows)
	for i, v := range acc {
		a.VMOVUPS(v, out.row(i/parts, 64*(i%parts)))
	}
	a.end()
}

// panels addresses packed panels side by side.
func (a *assembler) panels(l layout, groups reg.GPVirtual, count int) matrix {
	if l == unpacked512 {
		return matrix{base: a.param("w")}
	}
	stride := a.GP64()
	a.IMUL3Q(U32(l.groupBytes), groups, stride)
	return a.matrix(a.param("w"), stride, count)
}

// pairs makes a register of every pair of panels.
func (a *assembler) pairs(load func(left, right Mem) reg.VecVirtual, w matrix, count, offset int) (v []reg.VecVirtual) {
	for i := range count {
		v = append(v, load(w.row(2*i, offset), w.row(2*i+1, offset)))
	}
	return v
}

// unpacked loads what unpack512 left of four panels.
func (a *assembler) unpacked(w matrix, offset int) []reg.VecVirtual {
	v := vectors(2, a.ZMM)
	for i, t := range v {
		a.VMOVDQU32(w.row(0, offset+64*i), t)
	}
	return v
}

// levels loads 32 bytes of either panel.
func (a *assembler) levels(left, right Mem) reg.VecVirtual {
	v := a.ZMM()
	a.load(left, v.AsY(), v)
	a.VINSERTI64X4(U8(1), right, v, v)
	return v
}

// halves widens eight float16 of either panel.
func (a *assembler) halves(left, right Mem) reg.VecVirtual {
	v := a.ZMM()
	a.load(left, v.AsX(), v)
	a.VINSERTI32X4(U8(1), right, v.AsY(), v.AsY())
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
