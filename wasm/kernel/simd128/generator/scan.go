package generator

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// The query is widened to 16 bits once, into the reserved memory. Four vectors are
// read side by side, a pattern that processors do not fetch ahead of, so each step
// touches a cache line scanAhead bytes on: of 2 to 3 KB 38 MB of vectors take half
// the time, of 8 KB or more nothing is gained. Touches go on behind the vectors, as
// far as there is memory: scans go through blocks of rows, and where each one begins
// with lines that nobody touched most of the gain is lost.
const (
	maxScanDim = 65536
	wideQuery  = poolEnd
	scanAhead  = 2560
)

// The reserved memory holds the longest query.
const _ = uint(kernel.Reserved - wideQuery - 2*maxScanDim)

// addDotI8 emits the scan. Both operands use all of -128..127, which the relaxed
// dot product does not promise to multiply exactly, so all variants widen.
func addDotI8(m *asm.Module) {
	f := m.Func("dot_i8")
	out, query, vectors, count, dim := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, dim, 16)
	requireAtMost(f, dim, maxScanDim)

	end := asm.Let(f, query.Add(dim))
	wide := asm.Let(f, asm.Int(wideQuery))
	f.While(query.LtU(end), func() {
		f.Store(wide, 0, query.LoadExtendI8x8(0))
		f.Store(wide, 16, query.LoadExtendI8x8(8))
		query.Advance(16)
		wide.Advance(32)
	})

	last := asm.Let(f, asm.MemorySize().Shl(16).Sub(dim.Shl(2))) // the kernels' own part is larger
	f.While(count.GtU(asm.Int(3)), func() {
		ahead := asm.Let(f, vectors.Plus(scanAhead).MinU(last))
		scanRows(f, 4, out, vectors, dim, func() {
			f.Touch(ahead)
			ahead.Advance(64)
		})
		vectors.Set(vectors.Add(dim.Times(3))) // scanRows went over the first
		out.Advance(16)
		count.Advance(-4)
	})
	repeat(f, count, func() {
		scanRows(f, 1, out, vectors, dim, func() {})
		out.Advance(4)
	})
}

// addScore emits the step from sums to scores. Nearly all are below the bound: a
// step of eight then ends with one test.
func addScore(m *asm.Module) {
	f := m.Func("score")
	found, x, scales, count, scale, bound := f.I32(), f.I32(), f.I32(), f.I32(), f.F32(), f.F32()

	factor, least := asm.Let(f, scale.Splat()), asm.Let(f, bound.Splat())
	row, start := asm.Let(f, asm.Int(0)), asm.Let(f, found)
	above := asm.Let(f, asm.Int(0)) // bit i: x[row+i]
	list := func() {
		f.While(above, func() {
			i := asm.Let(f, above.TrailingZeros())
			f.Store(found, 0, row.Add(i))
			f.Store(found, 4, x.Add(bytesOf(i)).LoadI32(0))
			found.Advance(8)
			above.Set(above.And(above.Plus(-1)))
		})
	}
	next := func(n int) {
		row.Advance(n)
		x.Advance(4 * n)
		scales.Advance(4 * n)
		count.Advance(-n)
	}
	f.While(count.GtU(asm.Int(7)), func() {
		for half := range 2 {
			score := asm.Let(f, x.LoadI8x16(16*half).I32x4().Float().Mul(factor).Mul(scales.LoadF32x4(16*half)))
			f.Store(x, 16*half, score)
			mask := score.Gt(least).Bitmask()
			if half > 0 {
				mask = above.Or(mask.Shl(4))
			}
			above.Set(mask)
		}
		list()
		next(8)
	})
	f.While(count, func() {
		score := asm.Let(f, x.LoadI8x4Splat(0).I32x4().Float().Mul(factor).Mul(scales.LoadF32Splat(0)))
		f.StoreLane(x, 0, score, 0)
		above.Set(score.Gt(least).Bitmask().And(asm.Int(1)))
		list()
		next(1)
	})
	f.Return(found.Sub(start).ShrU(3))
}

// addHamming emits the scan of binary vectors. Bits are counted in bytes; a step
// of 16 bytes adds at most 16 to a 16-bit lane, and there are at most 4096.
func addHamming(m *asm.Module) {
	f := m.Func("hamming")
	out, query, vectors, count, size := f.I32(), f.I32(), f.I32(), f.I32(), f.I32()
	require(f, size, 16)
	requireAtMost(f, size, maxScanDim)

	repeat(f, count, func() {
		q, end := asm.Let(f, query), asm.Let(f, vectors.Add(size))
		sum := asm.Let(f, asm.IntAll(0))
		f.While(vectors.LtU(end), func() {
			different := q.LoadI8x16(0).Xor(vectors.LoadI8x16(0))
			sum.Set(sum.Add(different.CountOnes().AddPairsU().AddPairs()))
			q.Advance(16)
			vectors.Advance(16)
		})
		pairs := asm.Let(f, sum.Add(sum.Shuffle(sum, 2, 3, 0, 1)))
		f.Store(out, 0, pairs.Lane(0).Add(pairs.Lane(1)))
		out.Advance(4)
	})
}

// scanRows emits the dot products of n vectors, which share the loads of the
// query, and touch in each step of 16 numbers. It advances vectors by one vector.
func scanRows(f *asm.Func, n int, out, vectors, dim asm.I32, touch func()) {
	rows, sums := []asm.I32{vectors}, []asm.I32x4{}
	for i := range n {
		if i > 0 {
			rows = append(rows, asm.Let(f, rows[i-1].Add(dim)))
		}
		sums = append(sums, asm.Let(f, asm.IntAll(0)))
	}
	end := asm.Let(f, vectors.Add(dim))
	query := asm.Let(f, asm.Int(wideQuery))
	f.While(vectors.LtU(end), func() {
		for half := range 2 {
			q := asm.Let(f, query.LoadI16x8(16*half))
			for i, row := range rows {
				sums[i].Set(sums[i].Add(row.LoadExtendI8x8(8 * half).Dot(q)))
			}
		}
		touch()
		query.Advance(32)
		for _, row := range rows {
			row.Advance(16)
		}
	})
	for i, s := range sums {
		pairs := asm.Let(f, s.Add(s.Shuffle(s, 2, 3, 0, 1)))
		f.Store(out, 4*i, pairs.Lane(0).Add(pairs.Lane(1)))
	}
}
