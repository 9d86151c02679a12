package generator

import (
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// limitRows is the height of the tile whose arithmetic the limits repeat.
const limitRows = 5

// LimitOperations is the number of operations of one round of a limit.
const LimitOperations = 2 * limitRows * 8 * group

// addLimits emits limit_q4_twos, limit_q7_twos and limit_fours, which take a number
// of rounds. Hosts measure them to choose for dot_in_fours, and benchmarks to
// compare products with.
//
// A round is the arithmetic of one group of a tile of the relaxed product,
// instruction for instruction. Weights, scales and sums never leave the
// registers, so that no product with the same arithmetic can be faster.
// Activations are loads of always the same bytes: engines would compute a product
// of two registers once.
func addLimits(m *asm.Module) {
	addLimit(m, "limit_q4_twos", (*limit).narrow)
	addLimit(m, "limit_q7_twos", (*limit).wide)
	addLimit(m, "limit_fours", (*limit).accumulating)
}

// limit holds the registers of a loop: ten integer sums and four operands.
type limit struct {
	*asm.Func
	sums [2 * limitRows]asm.I32x4
	w    [2]asm.I8x16
}

func addLimit(m *asm.Module, name string, dots func(*limit)) {
	f := m.Func(name)
	rounds := f.I32()
	l := &limit{Func: f}
	for i := range l.sums { // unlike each other, or engines compute them once
		l.sums[i] = asm.Let(f, rounds.Plus(i).Splat())
	}
	for half := range l.w {
		l.w[half] = asm.Let(f, rounds.Plus(half).And(asm.Int(15)).Splat().I8x16())
	}
	d := asm.Let(f, rounds.Float().Splat())
	acc := [2]asm.F32x4{asm.Let(f, asm.FloatAll(0)), asm.Let(f, asm.FloatAll(0))}
	repeat(f, rounds, func() {
		dots(l)
		for _, sum := range l.sums {
			v := asm.Let(f, sum.Float())
			acc[0].Set(acc[0].Add(v.Mul(d).Mul(d)))
			acc[1].Set(acc[1].Add(v.Mul(acc[0])))
		}
	})
	sum := acc[0].Add(acc[1])
	f.Return(sum.Lane(0))
}

// steps emits the steps of a group: sum gets, for each sum, the one before the step,
// nil at first, and the operands.
func (l *limit) steps(sum func(before *asm.I32x4, x, w asm.I8x16) asm.I32x4) {
	for step := range group / 4 {
		for row := range limitRows {
			x := asm.Let(l.Func, asm.Int(0).LoadI8x4Splat(group*row+4*step))
			for half, w := range l.w {
				s := l.sums[2*row+half]
				if step == 0 {
					s.Set(sum(nil, x, w))
				} else {
					s.Set(sum(&s, x, w))
				}
			}
		}
	}
}

// accumulating is accumulatingDots.
func (l *limit) accumulating() {
	l.steps(func(before *asm.I32x4, x, w asm.I8x16) asm.I32x4 {
		if before == nil {
			return x.RelaxedDotAdd(w, asm.IntAll(0))
		}
		return x.RelaxedDotAdd(w, *before)
	})
}

// narrow is narrowDots.
func (l *limit) narrow() {
	l.steps(func(before *asm.I32x4, x, w asm.I8x16) asm.I32x4 {
		pairs := x.RelaxedDot(w)
		if before != nil {
			pairs = pairs.Add(before.I16x8())
		}
		return pairs.I32x4()
	})
	for _, sum := range l.sums {
		sum.Set(sum.I16x8().Dot(asm.ShortAll(1)))
	}
}

// wide is wideDots.
func (l *limit) wide() {
	l.steps(func(before *asm.I32x4, x, w asm.I8x16) asm.I32x4 {
		fours := x.RelaxedDot(w).Dot(asm.ShortAll(1))
		if before != nil {
			fours = fours.Add(*before)
		}
		return fours
	})
}
