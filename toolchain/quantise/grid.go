// Package quantise chooses the levels that weights are rounded to when they are
// packed, so that a layer's outputs, not its weights, stay close to the float
// model's.
package quantise

import (
	"fmt"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// Grid is the set of values that packed weights can have: in every group of
// kernel.Group weights of a row, d*q + m with q in 0..Levels and d and m of
// float16.
type Grid struct {
	// Bits of a level, 2 to 8.
	Bits int
}

// levels is the greatest level.
func (g Grid) levels() float64 { return float64(int(1)<<g.Bits - 1) }

// check holds the arguments that all roundings share against each other.
func (g Grid) check(w []float32, out, in int) error {
	switch {
	case g.Bits < 2 || g.Bits > 8:
		return fmt.Errorf("weights cannot be rounded to %d bits, only to 2 to 8", g.Bits)
	case out < 1 || in < 1 || len(w) != out*in:
		return fmt.Errorf("%d weights are not a matrix of %d x %d", len(w), out, in)
	}
	for i, x := range w {
		// 60000 lies below float16's limit, which scales must not reach.
		if !(math.Abs(float64(x)) < 60000) {
			return fmt.Errorf("weight %d is %v: weights must be finite and below 60000", i, x)
		}
	}
	return nil
}

// scale is the affine map of one group, as it is stored.
type scale struct{ d, m float64 }

// scaleOf returns the scale whose ends are the given values, rounded to float16.
func (g Grid) scaleOf(low, high float64) scale {
	return scale{float16(float32((high - low) / g.levels())), float16(float32(low))}
}

func float16(x float32) float64 { return float64(kernel.Float16(kernel.ToFloat16(x))) }

// value returns the nearest value of the grid.
func (g Grid) value(s scale, x float64) float64 {
	if s.d == 0 {
		return s.m
	}
	return s.m + s.d*min(max(math.RoundToEven((x-s.m)/s.d), 0), g.levels())
}

// Round rounds w, [out, in], to the nearest values of the grid, each group's
// least and greatest weight being its ends, as kernel.PackQ4 does. It returns new
// values.
func (g Grid) Round(w []float32, out, in int) ([]float32, error) {
	if err := g.check(w, out, in); err != nil {
		return nil, err
	}
	rounded := make([]float32, len(w))
	for row := range out {
		for start := 0; start < in; start += kernel.Group {
			group := w[row*in+start : row*in+min(start+kernel.Group, in)]
			s := g.scaleOf(ends(group))
			for i, x := range group {
				rounded[row*in+start+i] = float32(g.value(s, float64(x)))
			}
		}
	}
	return rounded, nil
}

func ends(group []float32) (low, high float64) {
	low, high = float64(group[0]), float64(group[0])
	for _, x := range group {
		low, high = min(low, float64(x)), max(high, float64(x))
	}
	return low, high
}
