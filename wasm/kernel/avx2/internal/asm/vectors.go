package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (a *assembler) meanPool() {
	a.function("meanPool", "func(out, x *float32, factor float32, rows, blocks int)",
		"meanPool sets out[c] = (sum over r in order of x[r][c]) * factor for 8*blocks",
		"columns. rows > 0, blocks > 0.")
	out, x, factor, blocks := a.param("out"), a.param("x"), a.floatParam("factor", a.YMM), a.param("blocks")
	stride := a.shifted(blocks, 5)
	a.loop("block", blocks, func() {
		sum, row, rows := a.zero(), a.GP64(), a.param("rows")
		a.MOVQ(x, row)
		a.loop("row", rows, func() {
			a.VADDPS(at(row, 0), sum, sum)
			a.ADDQ(stride, row)
		})
		a.VMULPS(factor, sum, sum)
		a.VMOVUPS(sum, at(out, 0))
		a.ADDQ(Imm(32), x)
		a.ADDQ(Imm(32), out)
	})
	a.end()
}

func (a *assembler) dense() {
	a.function("dense", "func(out, x, w, bias *float32, blocks, k int)",
		"dense sets out[c] = bias[c] + sum over i in order of x[i]*w[i][c] for 8*blocks",
		"columns and k inputs. blocks > 0, k > 0.")
	out, w, bias, blocks := a.param("out"), a.param("w"), a.param("bias"), a.param("blocks")
	stride := a.shifted(blocks, 5)
	a.loop("block", blocks, func() {
		x, row, left, sum := a.param("x"), a.GP64(), a.param("k"), a.YMM()
		a.VMOVUPS(at(bias, 0), sum)
		a.MOVQ(w, row)
		a.loop("input", left, func() {
			t := a.YMM()
			a.VBROADCASTSS(at(x, 0), t)
			a.VMULPS(at(row, 0), t, t)
			a.VADDPS(t, sum, sum)
			a.ADDQ(Imm(4), x)
			a.ADDQ(stride, row)
		})
		a.VMOVUPS(sum, at(out, 0))
		for _, p := range []reg.GPVirtual{w, bias, out} {
			a.ADDQ(Imm(32), p)
		}
	})
	a.end()
}

// scanAhead is how many bytes ahead four vectors are fetched that are read side by
// side, a pattern that processors do not foresee: 38 MB of vectors then take less
// than half the time. From 4 to 16 KB it falls, and hardly with more.
const scanAhead = 16 << 10

// dotI8 is the product of a query with 1 or 4 vectors. Pairs of products of
// bytes fit 32 bits exactly, and so do the sums up to 65536 dimensions.
func (a *assembler) dotI8(rows int) {
	a.function(fmt.Sprintf("dotI8x%d", rows), "func(out *int32, query, vectors *int8, blocks int)",
		fmt.Sprintf("dotI8x%d multiplies a query of 16*blocks bytes by %d consecutive vectors.", rows, rows),
		"blocks > 0.")
	query, blocks := a.param("query"), a.param("blocks")
	m := a.matrix(a.param("vectors"), a.shifted(blocks, 4), rows)
	sums := vectors(rows, a.zero)
	ahead := a.GP64()
	if rows > 1 {
		a.LEAQ(at(m.base, scanAhead), ahead)
	}
	a.loop("block", blocks, func() {
		q := a.YMM()
		a.VPMOVSXBW(at(query, 0), q)
		for r, sum := range sums {
			v := a.YMM()
			a.VPMOVSXBW(m.row(r, 0), v)
			a.VPMADDWD(q, v, v)
			a.VPADDD(v, sum, sum)
		}
		if rows > 1 { // what lies beyond the memory is not fetched, and no fault
			a.PREFETCHT0(at(ahead, 0))
			a.ADDQ(Imm(uint64(16*rows)), ahead)
		}
		a.ADDQ(Imm(16), query)
		a.ADDQ(Imm(16), m.base)
	})
	a.Comment("Horizontal sums.")
	for len(sums) < 4 {
		sums = append(sums, sums[0])
	}
	low, high := a.YMM(), a.YMM()
	a.VPHADDD(sums[1], sums[0], low)
	a.VPHADDD(sums[3], sums[2], high)
	a.VPHADDD(high, low, low)
	half := a.XMM()
	a.VEXTRACTI128(U8(1), low, half)
	a.VPADDD(half, low.AsX(), low.AsX())
	if out := a.param("out"); rows == 4 {
		a.VMOVDQU(low.AsX(), at(out, 0))
	} else {
		a.VMOVD(low.AsX(), at(out, 0))
	}
	a.end()
}

// score makes scores of sums. Nearly all are below the bound: a step then ends with
// one test.
func (a *assembler) score() {
	a.function("score", "func(found *byte, x *int32, scales *float32, scale, bound float32, blocks int) int",
		"score turns 8*blocks integers into x*scale*scales and returns how many are above",
		"bound: found gets the number and the score of each. blocks > 0.")
	found, x, scales := a.param("found"), a.param("x"), a.param("scales")
	factor, bound := a.floatParam("scale", a.YMM), a.floatParam("bound", a.YMM)
	row, start := a.GP64(), a.GP64()
	a.XORQ(row, row)
	a.MOVQ(found, start)
	a.loop("block", a.param("blocks"), func() {
		v, above, left := a.YMM(), a.YMM(), a.GP32()
		a.VCVTDQ2PS(at(x, 0), v)
		a.VMULPS(factor, v, v)
		a.VMULPS(at(scales, 0), v, v)
		a.VMOVUPS(v, at(x, 0))
		a.VCMPPS(U8(greater), bound, v, above)
		a.VMOVMSKPS(above, left)
		a.TESTL(left, left)
		a.JZ(LabelRef("next"))
		a.Label("list")
		i, bits := a.GP64(), a.GP32()
		a.BSFL(left, i.As32())
		a.MOVL(Mem{Base: x, Index: i, Scale: 4}, bits)
		a.MOVL(bits, at(found, 4))
		a.ADDQ(row, i)
		a.MOVL(i.As32(), at(found, 0))
		a.ADDQ(Imm(8), found)
		a.LEAL(Mem{Base: left.As64(), Disp: -1}, bits)
		a.ANDL(bits, left)
		a.JNZ(LabelRef("list"))
		a.Label("next")
		a.ADDQ(Imm(8), row)
		a.ADDQ(Imm(32), x)
		a.ADDQ(Imm(32), scales)
	})
	a.SUBQ(start, found)
	a.SHRQ(Imm(3), found)
	a.Store(found, a.ReturnIndex(0))
	a.end()
}

// greater is the predicate of VCMPPS for "greater, ordered, quiet": false for NaNs.
const greater = 0x1e

func (a *assembler) hamming() {
	a.function("hamming", "func(out *int32, query, vectors *byte, count, blocks int)",
		"hamming counts the bits in which a query of 16*blocks bytes differs from each of",
		"count consecutive vectors. count > 0, blocks > 0.")
	out, query, vectors := a.param("out"), a.param("query"), a.param("vectors")
	a.loop("vector", a.param("count"), func() {
		q, left, sum := a.GP64(), a.param("blocks"), a.GP64()
		a.MOVQ(query, q)
		a.XORQ(sum, sum)
		a.loop("bits", left, func() {
			for word := range 2 {
				t := a.GP64()
				a.MOVQ(at(q, 8*word), t)
				a.XORQ(at(vectors, 8*word), t)
				a.POPCNTQ(t, t)
				a.ADDQ(t, sum)
			}
			a.ADDQ(Imm(16), q)
			a.ADDQ(Imm(16), vectors)
		})
		a.MOVL(sum.As32(), at(out, 0))
		a.ADDQ(Imm(4), out)
	})
	a.end()
}
