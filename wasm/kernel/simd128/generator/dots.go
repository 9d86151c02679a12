package generator

import (
	"github.com/effir/effir/wasm/kernel/simd128/asm"
)

// dots emits the integer sums of a group, by row and half of the panel.
type dots func(*tile) [][2]asm.I32x4

// weights emits the loads of a step: four inputs of four columns each.
func (t *tile) weights(step int) (w [2]asm.I8x16) {
	for half := range w {
		w[half] = asm.Let(t.Func, t.levels.LoadI8x16(stepBytes*step+16*half))
	}
	return w
}

// accumulatingDots multiplies signed activations by unsigned weights in fours.
// Engines have one instruction for it on processors with VNNI and on ARM.
func accumulatingDots(t *tile) [][2]asm.I32x4 {
	sums := make([][2]asm.I32x4, len(t.rows))
	for i := range sums {
		for half := range 2 {
			sums[i][half] = asm.Let(t.Func, asm.IntAll(0))
		}
	}
	for step := range group / 4 {
		w := t.weights(step)
		for i, r := range t.rows {
			x := asm.Let(t.Func, r.LoadI8x4Splat(4*step))
			for half := range w {
				sums[i][half].Set(x.RelaxedDotAdd(w[half], sums[i][half]))
			}
		}
	}
	return sums
}

// narrowDots multiplies signed activations by unsigned weights in pairs. The
// sums of a group of 4-bit weights fit in 16 bits: eight steps of at most
// 2 * 15 * 128 are 30720. They are widened once, by adding the two of each
// column.
func narrowDots(t *tile) [][2]asm.I32x4 {
	sums := make([][2]asm.I16x8, len(t.rows))
	for step := range group / 4 {
		w := t.weights(step)
		for i, r := range t.rows {
			x := asm.Let(t.Func, r.LoadI8x4Splat(4*step))
			for half := range w {
				pairs := x.RelaxedDot(w[half])
				if step == 0 {
					sums[i][half] = asm.Let(t.Func, pairs)
				} else {
					sums[i][half].Set(sums[i][half].Add(pairs))
				}
			}
		}
	}
	dots := make([][2]asm.I32x4, len(t.rows))
	for i := range dots {
		for half := range 2 {
			dots[i][half] = sums[i][half].Dot(asm.ShortAll(1))
		}
	}
	return dots
}

// wideDots is narrowDots for 7-bit weights: a pair of products is at most
// 2 * 127 * 128, so that every step is widened.
func wideDots(t *tile) [][2]asm.I32x4 {
	sums := make([][2]asm.I32x4, len(t.rows))
	for step := range group / 4 {
		w := t.weights(step)
		for i, r := range t.rows {
			x := asm.Let(t.Func, r.LoadI8x4Splat(4*step))
			for half := range w {
				four := x.RelaxedDot(w[half]).Dot(asm.ShortAll(1))
				if step == 0 {
					sums[i][half] = asm.Let(t.Func, four)
				} else {
					sums[i][half].Set(sums[i][half].Add(four))
				}
			}
		}
	}
	return sums
}

// baselineDots widens both operands to 16 bits. A vector of weights then holds
// four inputs of two columns, and a sum two pairs of lanes, which are added once
// a group.
func baselineDots(t *tile) [][2]asm.I32x4 {
	sums := make([][4]asm.I32x4, len(t.rows))
	for step := range group / 4 {
		x := make([]asm.I16x8, len(t.rows))
		for i, r := range t.rows {
			x[i] = asm.Let(t.Func, r.LoadI8x4Splat(4*step).ExtendLowS())
		}
		for quarter := range 4 {
			w := asm.Let(t.Func, t.levels.LoadExtendU8x8(stepBytes*step+8*quarter))
			for i := range t.rows {
				pairs := x[i].Dot(w)
				if step == 0 {
					sums[i][quarter] = asm.Let(t.Func, pairs)
				} else {
					sums[i][quarter].Set(sums[i][quarter].Add(pairs))
				}
			}
		}
	}
	dots := make([][2]asm.I32x4, len(t.rows))
	for i, s := range sums {
		for half := range 2 {
			a, b := s[2*half], s[2*half+1]
			dots[i][half] = a.Shuffle(b, 0, 2, 4, 6).Add(a.Shuffle(b, 1, 3, 5, 7))
		}
	}
	return dots
}
