package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// limit is the arithmetic of one group of a tile of rows, instruction for
// instruction, in a loop whose operands never leave the registers: what no product
// can exceed. dots emits the integer sums of the group.
func (a *assembler) limit(name string, rows int, vector func() reg.VecVirtual, dots func(x, w reg.VecVirtual, sums []reg.VecVirtual)) {
	a.function(name, "func(rounds int)",
		fmt.Sprintf("%s repeats the arithmetic of a group of a tile of %d rows. rounds > 0.", name, rows))
	x, w, d := vector(), vector(), vector()
	sums, acc := vectors(rows, vector), vectors(2, vector)
	for _, v := range append(append([]reg.VecVirtual{x, w, d}, sums...), acc...) {
		a.VXORPS(v, v, v)
	}
	a.loop("round", a.param("rounds"), func() {
		dots(x, w, sums)
		scaleAndAdd(a, sums, d, vector(), acc[0], acc[1])
	})
	a.end()
}

// scaleAndAdd is how a round of products ends: sums become floats, are scaled by d
// twice and added to total, and what stands for a minimum, by way of t, to minimum.
func scaleAndAdd[V operand.Op](a *assembler, sums []V, d, t, total, minimum V) {
	for _, v := range sums {
		a.VCVTDQ2PS(v, v)
		a.VMULPS(d, v, v)
		a.VMULPS(d, v, v)
		a.VADDPS(v, total, total)
		a.VMULPS(d, d, t)
		a.VADDPS(t, minimum, minimum)
	}
}

func (a *assembler) limits() {
	a.limit("Q4", 6, a.YMM, func(x, w reg.VecVirtual, sums []reg.VecVirtual) {
		for step := range 8 {
			for _, sum := range sums {
				if step == 0 {
					a.VPMADDUBSW(x, w, sum)
					continue
				}
				t := a.YMM()
				a.VPMADDUBSW(x, w, t)
				a.VPADDW(t, sum, sum)
			}
		}
		for _, sum := range sums {
			a.VPMADDWD(w, sum, sum)
		}
	})
	a.limit("Q7", 6, a.YMM, func(x, w reg.VecVirtual, sums []reg.VecVirtual) {
		for step := range 8 {
			for _, sum := range sums {
				t := a.YMM()
				a.VPMADDUBSW(x, w, t)
				if step == 0 {
					a.VPMADDWD(w, t, sum)
					continue
				}
				a.VPMADDWD(w, t, t)
				a.VPADDD(t, sum, sum)
			}
		}
	})
	a.avxVNNILimit(6)
	a.limit("VNNI", 8, a.ZMM, func(x, w reg.VecVirtual, sums []reg.VecVirtual) {
		for _, sum := range sums {
			a.VPXORD(sum, sum, sum)
		}
		for range 8 {
			for _, sum := range sums {
				a.vpdpbusd(nil, x, w, sum)
			}
		}
	})
}

// avxVNNILimit is limit for the instruction that vexDot writes, whose registers are chosen here.
func (a *assembler) avxVNNILimit(rows int) {
	a.function("AVXVNNI", "func(rounds int)",
		fmt.Sprintf("AVXVNNI repeats the arithmetic of a group of a tile of %d rows. rounds > 0.", rows))
	sums := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5}[:rows]
	x, w, d := reg.Y6, reg.Y7, reg.Y8
	acc := [2]reg.VecPhysical{reg.Y9, reg.Y10}
	t := reg.Y11
	for _, v := range append([]reg.VecPhysical{x, w, d, acc[0], acc[1]}, sums...) {
		a.VXORPS(v, v, v)
	}
	a.loop("round", a.param("rounds"), func() {
		for _, sum := range sums {
			a.VPXOR(sum, sum, sum)
		}
		for range 8 {
			for _, sum := range sums {
				a.vexDot(x, w, sum)
			}
		}
		scaleAndAdd(a, sums, d, t, acc[0], acc[1])
	})
	a.end()
}
