package generator

import (
	"math"

	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// queries is the number of query rows that are computed together. The last tile
// of a sequence repeats its last row in place of rows past the end: it computes
// and stores the same bits twice.
const queries = 4

// attention holds what the phases of the kernel share. Sizes are in bytes unless
// they count.
type attention struct {
	*asm.Func
	rows, visibleAll asm.I32 // count of rows; rows visible to each, 0 if causal
	stride           asm.I32 // of a row of qkv
	head             asm.I32 // one head of one row
	padded           asm.I32 // one row of scores: rows, rounded up to eight, floats
	keys             asm.I32 // transposed keys of one head: float32 [headDim][padded]
	scores           asm.I32 // float32 [queries][padded], then the inverse sums
	inverses         asm.I32
	scale            asm.F32
}

func addAttention(m *asm.Module) {
	f := m.Func("attention")
	out, qkv, scratch := f.I32(), f.I32(), f.I32()
	rows, heads, kvHeads, headDim := f.I32(), f.I32(), f.I32(), f.I32()
	scale, causal := f.F32(), f.I32()
	require(f, headDim, 16)
	f.If(rows.Eqz(), func() { f.Return() })

	a := attention{Func: f, rows: rows, keys: scratch, scale: scale}
	a.visibleAll = asm.Let(f, causal.Select(asm.Int(0), rows))
	a.head = asm.Let(f, bytesOf(headDim))
	a.stride = asm.Let(f, heads.Add(kvHeads.Shl(1)).Mul(a.head))
	a.padded = asm.Let(f, bytesOf(rows.Plus(7).And(asm.Int(-8))))
	a.scores = asm.Let(f, scratch.Add(headDim.Mul(a.padded)))
	a.inverses = asm.Let(f, a.scores.Add(a.padded.Times(queries)))

	query := asm.Let(f, qkv)
	key := asm.Let(f, qkv.Add(heads.Mul(a.head)))
	value := asm.Let(f, key.Add(kvHeads.Mul(a.head)))
	outStride := asm.Let(f, heads.Mul(a.head))
	group := asm.Let(f, heads.DivU(kvHeads))

	repeat(f, kvHeads, func() {
		a.transpose(key)
		count := asm.Let(f, group)
		repeat(f, count, func() {
			r := asm.Let(f, asm.Int(0))
			f.While(r.LtU(rows), func() {
				// The rows of the tile, and the count of keys that its last row sees.
				var tile [queries]asm.I32
				for i := range tile {
					tile[i] = asm.Let(f, r.Plus(i).MinU(rows.Plus(-1)))
				}
				visible := asm.Let(f, a.visible(tile[queries-1]))
				visibleEnd := asm.Let(f, bytesOf(visible.Plus(7).And(asm.Int(-8))))
				a.multiplyKeys(query, tile, visibleEnd)
				a.softmax(r, visibleEnd)
				a.multiplyValues(out, outStride, value, tile, visible)
				r.Advance(queries)
			})
			query.Set(query.Add(a.head))
			out.Set(out.Add(a.head))
		})
		key.Set(key.Add(a.head))
		value.Set(value.Add(a.head))
	})
}

// visible is the number of keys that row r attends to.
func (a attention) visible(r asm.I32) asm.I32 {
	return a.visibleAll.Select(a.visibleAll, r.Plus(1))
}

// transpose copies one head of all keys, one column a row. Columns past the last
// row keep what scratch held: softmax masks them.
func (a attention) transpose(key asm.I32) {
	from, to, count := asm.Let(a.Func, key), asm.Let(a.Func, a.keys), asm.Let(a.Func, a.rows)
	repeat(a.Func, count, func() {
		p, end := asm.Let(a.Func, to), asm.Let(a.Func, from.Add(a.head))
		f := asm.Let(a.Func, from)
		a.While(f.LtU(end), func() {
			four := asm.Let(a.Func, f.LoadF32x4(0))
			for lane := range 4 {
				a.StoreLane(p, 0, four, lane)
				p.Set(p.Add(a.padded))
			}
			f.Advance(16)
		})
		from.Set(from.Add(a.stride))
		to.Advance(4)
	})
}

// multiplyKeys fills the tile's scores: eight keys at a time, each lane adding
// one key's products in the order of the head's dimensions.
func (a attention) multiplyKeys(query asm.I32, tile [queries]asm.I32, visibleEnd asm.I32) {
	f := a.Func
	at := asm.Let(f, asm.Int(0))
	f.While(at.LtU(visibleEnd), func() {
		sums := zeros(f)
		var q [queries]asm.I32
		for i := range q {
			q[i] = asm.Let(f, query.Add(tile[i].Mul(a.stride)))
		}
		key, end := asm.Let(f, a.keys.Add(at)), asm.Let(f, q[0].Add(a.head))
		f.While(q[0].LtU(end), func() { // a head's dimensions are a multiple of 16
			multiplyAdd(f, sums, q, key, a.padded, unrolled)
		})
		scores := asm.Let(f, a.scores.Add(at))
		for i := range queries {
			f.Store(scores, 0, sums[i][0].Mul(a.scale.Splat()))
			f.Store(scores, 16, sums[i][1].Mul(a.scale.Splat()))
			scores.Set(scores.Add(a.padded))
		}
		at.Advance(32)
	})
}

// softmax turns the tile's scores into probabilities that are not yet divided by
// their sum, with +0 where a row does not see a key, and stores the inverse sums.
func (a attention) softmax(r, visibleEnd asm.I32) {
	f := a.Func
	i := asm.Let(f, asm.Int(0))
	scores := asm.Let(f, a.scores)
	f.While(i.LtU(asm.Int(queries)), func() {
		visible := asm.Let(f, a.visible(r.Add(i).MinU(a.rows.Plus(-1))).Splat())
		end := asm.Let(f, scores.Add(visibleEnd))

		top := asm.Let(f, asm.FloatAll(float32(math.Inf(-1))))
		index, four := asm.Let(f, asm.Ints(0, 1, 2, 3)), asm.Let(f, asm.IntAll(4))
		p := asm.Let(f, scores)
		f.While(p.LtU(end), func() {
			top.Set(top.Merge(top.Max(p.LoadF32x4(0)), index.LtS(visible)))
			index.Set(index.Add(four))
			p.Advance(16)
		})
		top.Set(maxLane(f, top))

		low, high := asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))
		index.Set(asm.Ints(0, 1, 2, 3))
		p.Set(scores)
		f.While(p.LtU(end), func() {
			scores := []asm.F32x4{p.LoadF32x4(0), p.LoadF32x4(16)}
			exps := exp(f, each(f, scores, func(_ int, s asm.F32x4) asm.F32x4 { return s.Sub(top) }))
			for half, sum := range []asm.F32x4{low, high} {
				e := asm.Let(f, exps[half].And(index.LtS(visible)))
				f.Store(p, 16*half, e)
				sum.Set(sum.Add(e))
				index.Set(index.Add(four))
			}
			p.Advance(32)
		})
		f.Store(a.inverses.Add(bytesOf(i)), 0, asm.Float(1).Div(sumEight(f, low, high)))
		scores.Set(scores.Add(a.padded))
		i.Advance(1)
	})
}

// multiplyValues adds up the values that the tile sees, weighted, eight
// dimensions at a time. A row that sees fewer keys than the tile's last adds
// zeros: sums that start from +0 are never -0, so that changes nothing.
func (a attention) multiplyValues(out, outStride, value asm.I32, tile [queries]asm.I32, visible asm.I32) {
	f := a.Func
	at := asm.Let(f, asm.Int(0))
	f.While(at.LtU(a.head), func() {
		sums := zeros(f)
		var p [queries]asm.I32
		p[0] = asm.Let(f, a.scores)
		for i := 1; i < queries; i++ {
			p[i] = asm.Let(f, p[i-1].Add(a.padded))
		}
		v, end := asm.Let(f, value.Add(at)), asm.Let(f, a.scores.Add(bytesOf(visible)))
		most := asm.Let(f, a.scores.Add(bytesOf(visible.And(asm.Int(-unrolled)))))
		f.While(p[0].LtU(most), func() { multiplyAdd(f, sums, p, v, a.stride, unrolled) })
		f.While(p[0].LtU(end), func() { multiplyAdd(f, sums, p, v, a.stride, 1) })
		for i := range queries {
			inverse := asm.Let(f, a.inverses.LoadF32Splat(4*i))
			o := asm.Let(f, out.Add(tile[i].Mul(outStride)).Add(at))
			f.Store(o, 0, sums[i][0].Mul(inverse))
			f.Store(o, 16, sums[i][1].Mul(inverse))
		}
		at.Advance(32)
	})
}

// zeros returns the sums of a tile of eight columns.
func zeros(f *asm.Func) (sums [queries][2]asm.F32x4) {
	for i := range sums {
		sums[i] = [2]asm.F32x4{asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))}
	}
	return sums
}

// unrolled is the number of steps in a round of a loop.
const unrolled = 4

// multiplyAdd adds to each row of sums, step after step, the product of the next
// float of its factor and the next eight columns, stride bytes on.
func multiplyAdd(f *asm.Func, sums [queries][2]asm.F32x4, factors [queries]asm.I32, columns, stride asm.I32, steps int) {
	for step := range steps {
		low, high := asm.Let(f, columns.LoadF32x4(0)), asm.Let(f, columns.LoadF32x4(16))
		for i, factor := range factors {
			x := asm.Let(f, factor.LoadF32Splat(4*step))
			sums[i][0].Set(sums[i][0].Add(x.Mul(low)))
			sums[i][1].Set(sums[i][1].Add(x.Mul(high)))
		}
		columns.Set(columns.Add(stride))
	}
	for _, factor := range factors {
		factor.Advance(4 * steps)
	}
}
