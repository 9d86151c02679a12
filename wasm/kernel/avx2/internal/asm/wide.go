package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/effir/effir/wasm/kernel"
)

// The functions of this file are those of the same names without "512", in
// 512-bit registers. Constants are broadcast from their first float.

// tile512 is floatTile of 16 or 32 columns.
func (a *assembler) tile512(rows, width int) {
	name := fmt.Sprintf("tile512x%dx%d", rows, width)
	a.function(name,
		"func(out *float32, outStride int, x *float32, xStride int, y *float32, yStride, count int, factor *float32)",
		fmt.Sprintf("%s sets out[r][c] = (sum over i in order of x[r][i]*y[i][c]) * factor[r]", name),
		fmt.Sprintf("for %d rows and %d columns. Strides are in floats; count > 0.", rows, width))
	x := a.floatMatrix("x", "xStride", rows)
	y, yStride, count := a.param("y"), a.param("yStride"), a.param("count")
	a.SHLQ(Imm(2), yStride)
	parts := width / 16
	acc := vectors(rows*parts, a.zero512)

	a.loop("step", count, func() {
		columns := vectors(parts, a.ZMM)
		for i, v := range columns {
			a.VMOVUPS(at(y, 64*i), v)
		}
		for r := range rows {
			t := a.ZMM()
			if parts > 1 {
				a.VBROADCASTSS(x.row(r, 0), t)
			}
			for i, v := range columns {
				product := a.ZMM()
				if parts > 1 {
					a.VMULPS(v, t, product)
				} else {
					a.VMULPS_BCST(x.row(r, 0), v, product)
				}
				a.VADDPS(product, acc[r*parts+i], acc[r*parts+i])
			}
		}
		a.ADDQ(Imm(4), x.base)
		a.ADDQ(yStride, y)
	})

	out, factor := a.floatMatrix("out", "outStride", rows), a.param("factor")
	for r := range rows {
		for i := range parts {
			sum := acc[r*parts+i]
			a.VMULPS_BCST(at(factor, 4*r), sum, sum)
			a.VMOVUPS(sum, out.row(r, 64*i))
		}
	}
	a.end()
}

// zero512 returns a cleared vector.
func (a *assembler) zero512() reg.VecVirtual {
	v := a.ZMM()
	a.VPXORD(v, v, v)
	return v
}

func (a *assembler) swiGLU512() {
	a.function("swiGLU512", "func(out, gate, up *float32, blocks int)",
		"swiGLU512 sets out = (gate / (1 + Exp(-gate))) * up for 16*blocks floats. blocks > 0.")
	out, gate, up, blocks := a.param("out"), a.param("gate"), a.param("up"), a.param("blocks")
	constants := a.loadExp512()
	a.byFour(blocks, func(count int) {
		g := vectors(count, a.ZMM)
		for i, v := range g {
			a.VMOVUPS(at(gate, 64*i), v)
		}
		a.silu512(constants, g)
		for i, v := range g {
			a.VMULPS(at(up, 64*i), v, v)
			a.VMOVUPS(v, at(out, 64*i))
		}
		for _, p := range []reg.GPVirtual{gate, up, out} {
			a.ADDQ(U32(64*count), p)
		}
	})
	a.end()
}

// silu512 sets each g = g / (1 + Exp(-g)).
func (a *assembler) silu512(c expConstants512, g []reg.VecVirtual) {
	e := vectors(len(g), a.ZMM)
	for i, v := range g {
		a.VPXORD_BCST(a.words(1<<31), v, e[i])
		a.VMAXPS_BCST(a.floats(kernel.ExpMin), e[i], e[i])
		a.VMINPS_BCST(a.floats(kernel.ExpMax), e[i], e[i])
	}
	a.expOf512(c, e)
	for i, v := range g {
		a.VADDPS(c.one, e[i], e[i])
		a.VDIVPS(e[i], v, v)
	}
}

func (a *assembler) gelu512() {
	a.function("gelu512", "func(x, b *float32, blocks int)",
		"gelu512 sets x = kernel.GELU(x + b) for 16*blocks floats. blocks > 0.")
	x, b, blocks := a.param("x"), a.param("b"), a.param("blocks")
	constants := a.loadGELU512()
	a.byFour(blocks, func(count int) {
		v := vectors(count, a.ZMM)
		for i, t := range v {
			a.VMOVUPS(at(x, 64*i), t)
			a.VADDPS(at(b, 64*i), t, t)
		}
		a.geluOf512(constants, v)
		for i, t := range v {
			a.VMOVUPS(t, at(x, 64*i))
		}
		a.ADDQ(U32(64*count), x)
		a.ADDQ(U32(64*count), b)
	})
	a.end()
}

// geluConstants512 are what geluOf512 keeps in registers: as many as there are.
type geluConstants512 struct {
	zero, centre, square reg.VecVirtual
	held                 map[float32]reg.VecVirtual
}

func (a *assembler) loadGELU512() geluConstants512 {
	load := func(x float32) reg.VecVirtual {
		v := a.ZMM()
		a.VBROADCASTSS(a.floats(x), v)
		return v
	}
	c := geluConstants512{a.zero512(), load(kernel.GELUCentre), load(kernel.GELUSquare), map[float32]reg.VecVirtual{}}
	for _, x := range kernel.GELUEven {
		c.held[x] = load(x)
	}
	return c
}

// geluOf512 sets each v = kernel.GELU(v). Least and greatest are taken of the floats'
// bits, as of integers with a sign: of +0 and -0 too the greater is then +0.
func (a *assembler) geluOf512(c geluConstants512, v []reg.VecVirtual) {
	t, u := vectors(len(v), a.ZMM), vectors(len(v), a.ZMM)
	for i := range v {
		a.VPANDD_BCST(a.words(0x7fffffff), v[i], t[i])
		a.VPMINSD_BCST(a.floats(kernel.GELUMax), t[i], t[i])
		a.VSUBPS(c.centre, t[i], t[i])
		a.VMULPS(t[i], t[i], u[i])
	}
	odd, even := a.horner512(c, kernel.GELUOdd[:], u), a.horner512(c, kernel.GELUEven[:], u)
	for i := range v {
		a.VMULPS(odd[i], t[i], t[i])
		a.VADDPS(t[i], even[i], even[i])
		a.VSUBPS(u[i], c.square, t[i])
		a.VMULPS(even[i], t[i], t[i])
		a.VPMAXSD(c.zero, v[i], v[i])
		a.VSUBPS(t[i], v[i], v[i])
	}
}

// horner512 is horner with the coefficients that c holds or that lie in memory.
func (a *assembler) horner512(c geluConstants512, coefficients []float32, u []reg.VecVirtual) []reg.VecVirtual {
	p, last := vectors(len(u), a.ZMM), len(coefficients)-1
	for k := last; k >= 0; k-- {
		held, ok := c.held[coefficients[k]]
		for i := range u {
			switch {
			case k == last && ok:
				a.VMULPS(held, u[i], p[i])
			case k == last:
				a.VMULPS_BCST(a.floats(coefficients[k]), u[i], p[i])
			case ok:
				a.VADDPS(held, p[i], p[i])
			default:
				a.VADDPS_BCST(a.floats(coefficients[k]), p[i], p[i])
			}
			if 0 < k && k < last {
				a.VMULPS(u[i], p[i], p[i])
			}
		}
	}
	return p
}

func (a *assembler) layerNorm512() {
	a.function("layerNorm512", "func(out, x, w, b *float32, mean, factor float32, blocks int)",
		"layerNorm512 sets out = ((x-mean)*factor)*w + b for 16*blocks floats. blocks > 0.")
	out, x, w, b, blocks := a.param("out"), a.param("x"), a.param("w"), a.param("b"), a.param("blocks")
	mean, factor := a.floatParam("mean", a.ZMM), a.floatParam("factor", a.ZMM)
	a.loop("block", blocks, func() {
		v := a.ZMM()
		a.VMOVUPS(at(x, 0), v)
		a.VSUBPS(mean, v, v)
		a.VMULPS(factor, v, v)
		a.VMULPS(at(w, 0), v, v)
		a.VADDPS(at(b, 0), v, v)
		a.VMOVUPS(v, at(out, 0))
		for _, p := range []reg.GPVirtual{x, w, b, out} {
			a.ADDQ(Imm(64), p)
		}
	})
	a.end()
}
