package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Sums of rows run in eight lanes, of which each addition waits for the one before it.
// Four rows side by side hide that.

func (a *assembler) sumSquares(rows int) {
	a.sumFunction("sumSquares", rows, "", "x*x")
	a.sumOf(rows, func(_ int, v reg.VecVirtual) { a.VMULPS(v, v, v) })
}

func (a *assembler) sum(rows int) {
	a.sumFunction("sum", rows, "", "x")
	a.sumOf(rows, func(int, reg.VecVirtual) {})
}

func (a *assembler) sumSquaresAround(rows int) {
	a.sumFunction("sumSquaresAround", rows, "centre *float32, ", "(x-centre)*(x-centre)")
	centre, centres := a.param("centre"), vectors(rows, a.YMM)
	for r, v := range centres {
		a.VBROADCASTSS(at(centre, 4*r), v)
	}
	a.sumOf(rows, func(r int, v reg.VecVirtual) {
		a.VSUBPS(centres[r], v, v)
		a.VMULPS(v, v, v)
	})
}

// sumFunction starts a function that sums a term in a number of rows.
func (a *assembler) sumFunction(name string, rows int, parameters, term string) {
	name = fmt.Sprintf("%sx%d", name, rows)
	a.function(name, "func(sums, x *float32, stride int, "+parameters+"blocks int)",
		fmt.Sprintf("%s sums %s in eight lanes over 8*blocks floats of each of %d rows.", name, term, rows),
		"stride is in floats; blocks > 0.")
}

// sumOf is the body of a function that sums what term makes of a row's floats.
func (a *assembler) sumOf(rows int, term func(r int, v reg.VecVirtual)) {
	x, sums := a.floatMatrix("x", "stride", rows), vectors(rows, a.zero)
	a.loop("block", a.param("blocks"), func() {
		for r, sum := range sums {
			v := a.YMM()
			a.VMOVUPS(x.row(r, 0), v)
			term(r, v)
			a.VADDPS(v, sum, sum)
		}
		a.ADDQ(Imm(32), x.base)
	})
	out := a.param("sums")
	for r, sum := range sums {
		a.sumLanes(sum)
		a.VMOVSS(sum.AsX(), at(out, 4*r))
	}
	a.end()
}
