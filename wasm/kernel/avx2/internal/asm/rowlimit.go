package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowLimits are the limits of operations that are no products: their arithmetic,
// by the functions that the operations are made of, on registers that are set
// anew in each round from one that stays. Package limits says what a round
// amounts to.
func (a *assembler) rowLimits() {
	a.rowLimit("Attention", a.YMM, 4*2, func(x reg.VecVirtual, sums []reg.VecVirtual) { a.multiplyAdd(a.YMM, x, sums) })
	a.rowLimit("Softmax", a.YMM, 1, func(x reg.VecVirtual, sums []reg.VecVirtual) {
		t := a.copied(a.YMM, x)
		a.VSUBPS(x, t, t)
		p := a.exp(t)
		a.VANDPS(x, p, p)
		a.VADDPS(p, sums[0], sums[0])
	})
	a.rowLimit("SwiGLU", a.YMM, 0, func(x reg.VecVirtual, _ []reg.VecVirtual) {
		g := a.copied(a.YMM, x)
		a.silu(g)
		a.VMULPS(x, g, g)
	})
	a.rowLimitWith("GELU", a.YMM, func() func(reg.VecVirtual) {
		constants := a.loadGELU()
		return func(x reg.VecVirtual) {
			v := []reg.VecVirtual{a.copied(a.YMM, x), a.copied(a.YMM, x)}
			for _, t := range v {
				a.VADDPS(x, t, t)
			}
			a.geluOf(constants, v)
		}
	})
	a.rowLimitWith("Quantise", a.YMM, func() func(reg.VecVirtual) {
		constants := a.loadQuantise()
		return func(x reg.VecVirtual) {
			v := vectors(4, a.YMM)
			for _, t := range v {
				a.VMOVAPS(x, t)
			}
			a.quantiseGroup(constants, v)
		}
	})
	a.rowLimit("LayerNorm", a.YMM, 4*2, func(x reg.VecVirtual, sums []reg.VecVirtual) {
		for i := 0; i < len(sums); i += 2 {
			a.layerNormSums(x, sums[i], sums[i+1], a.YMM())
			a.layerNormOf(x, a.YMM())
		}
	})
	a.rowLimit("RMSNorm", a.YMM, 4, func(x reg.VecVirtual, sums []reg.VecVirtual) {
		for _, sum := range sums {
			square, y := a.YMM(), a.YMM()
			a.VMULPS(x, x, square)
			a.VADDPS(square, sum, sum)
			a.VMULPS(x, x, y)
			a.VMULPS(x, y, y)
		}
	})
	a.rowLimit("RoPE", a.YMM, 0, func(x reg.VecVirtual, _ []reg.VecVirtual) {
		for range 2 {
			a.rotate(x, x, x, x)
		}
	})
	a.rowLimit("DotI8", a.YMM, 4, func(x reg.VecVirtual, sums []reg.VecVirtual) {
		q := a.YMM()
		a.VPMOVSXBW(x.AsX(), q)
		for _, sum := range sums {
			v := a.YMM()
			a.VPMOVSXBW(x.AsX(), v)
			a.VPMADDWD(q, v, v)
			a.VPADDD(v, sum, sum)
		}
	})
	a.hammingLimit()

	a.rowLimit("Attention512", a.ZMM, 8*2, func(x reg.VecVirtual, sums []reg.VecVirtual) { a.multiplyAdd(a.ZMM, x, sums) })
	a.rowLimitWith("Softmax512", a.ZMM, func() func(reg.VecVirtual) {
		constants, sum := a.loadExp512(), a.zero512()
		return func(x reg.VecVirtual) {
			p := []reg.VecVirtual{a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x)}
			a.expBelow512(constants, p, []reg.VecVirtual{x, x, x, x})
			a.addHalves512(sum, p[0], p[1])
			a.addHalves512(sum, p[2], p[3])
		}
	})
	a.rowLimitWith("SwiGLU512", a.ZMM, func() func(reg.VecVirtual) {
		constants := a.loadExp512()
		return func(x reg.VecVirtual) {
			g := []reg.VecVirtual{a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x)}
			a.silu512(constants, g)
			for _, v := range g {
				a.VMULPS(x, v, v)
			}
		}
	})
	a.rowLimitWith("GELU512", a.ZMM, func() func(reg.VecVirtual) {
		constants := a.loadGELU512()
		return func(x reg.VecVirtual) {
			v := []reg.VecVirtual{a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x), a.copied(a.ZMM, x)}
			for _, t := range v {
				a.VADDPS(x, t, t)
			}
			a.geluOf512(constants, v)
		}
	})
	a.rowLimitWith("Quantise512", a.ZMM, func() func(reg.VecVirtual) {
		constants := a.loadSixteen512()
		return func(x reg.VecVirtual) {
			floats := func(int, int) Op { return x }
			step, factors := a.factors512(constants, floats)
			a.levels512(constants, step, floats, func(int) reg.VecVirtual { return factors }, func(int, reg.VecVirtual) {})
		}
	})
	a.rowLimit("LayerNorm512", a.ZMM, 4*2, func(x reg.VecVirtual, sums []reg.VecVirtual) {
		for i := 0; i < len(sums); i += 2 {
			for range 2 { // sums stay in eight lanes
				a.layerNormSums(x.AsY(), sums[i].AsY(), sums[i+1].AsY(), a.YMM())
			}
			a.layerNormOf(x, a.ZMM())
		}
	})
	a.read()
}

// layerNormSums adds x and its square to sums.
func (a *assembler) layerNormSums(x, sum, squares, t Op) {
	a.VADDPS(x, sum, sum)
	a.VSUBPS(x, x, t)
	a.VMULPS(t, t, t)
	a.VADDPS(t, squares, squares)
}

// layerNormOf makes t of x as if it were its own mean, factor, weight and bias.
func (a *assembler) layerNormOf(x, t Op) {
	a.VSUBPS(x, x, t)
	a.VMULPS(x, t, t)
	a.VMULPS(x, t, t)
	a.VADDPS(x, t, t)
}

// rowLimit emits a loop over body, which gets a register of floats and sums.
func (a *assembler) rowLimit(name string, vector func() reg.VecVirtual, sums int, body func(x reg.VecVirtual, sums []reg.VecVirtual)) {
	a.rowLimitWith(name, vector, func() func(reg.VecVirtual) {
		added := vectors(sums, vector)
		for _, sum := range added {
			a.VXORPS(sum.AsY(), sum.AsY(), sum.AsY()) // and the upper half
		}
		return func(x reg.VecVirtual) { body(x, added) }
	})
}

// rowLimitWith is rowLimit with what prepare loads before the loop.
func (a *assembler) rowLimitWith(name string, vector func() reg.VecVirtual, prepare func() func(x reg.VecVirtual)) {
	a.function(name, "func(rounds int)", fmt.Sprintf("%s repeats the arithmetic of an operation. rounds > 0.", name))
	x := vector()
	a.VBROADCASTSS(a.floats(0.75), x)
	body := prepare()
	a.loop("round", a.param("rounds"), func() { body(x) })
	a.end()
}

// copied returns a new register with the value of x.
func (a *assembler) copied(vector func() reg.VecVirtual, x reg.VecVirtual) reg.VecVirtual {
	v := vector()
	a.VMOVAPS(x, v)
	return v
}

// multiplyAdd is a step of a tile of attention.
func (a *assembler) multiplyAdd(vector func() reg.VecVirtual, x reg.VecVirtual, sums []reg.VecVirtual) {
	for _, sum := range sums {
		product := vector()
		a.VMULPS(x, x, product)
		a.VADDPS(product, sum, sum)
	}
}

func (a *assembler) hammingLimit() {
	a.function("Hamming", "func(rounds int)", "Hamming repeats the arithmetic of an operation. rounds > 0.")
	x, sum := a.GP64(), a.GP64()
	a.MOVQ(U32(0x55), x)
	a.XORQ(sum, sum)
	a.loop("round", a.param("rounds"), func() {
		for range 4 {
			t := a.GP64()
			a.MOVQ(x, t)
			a.XORQ(x, t)
			a.POPCNTQ(t, t)
			a.ADDQ(t, sum)
		}
	})
	a.end()
}

func (a *assembler) read() {
	a.function("Read", "func(p *byte, blocks int)", "Read loads 256*blocks bytes. blocks > 0.")
	p := a.param("p")
	a.loop("block", a.param("blocks"), func() {
		for i := range 8 {
			a.VMOVDQU(at(p, 32*i), a.YMM())
		}
		a.ADDQ(U32(256), p)
	})
	a.end()
}
