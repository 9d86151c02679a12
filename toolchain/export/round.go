package export

import (
	"math"
	"runtime"
	"sync"

	"github.com/effir/effir/wasm/kernel"
)

// grid is a quantised matrix: weight [r][c] = scale[r][c/32]*level[r][c] + low[r][c/32].
type grid struct {
	scale, low []float32 // [rows, groups of 32 columns], float16 numbers
	level      []byte    // [rows, columns], each below 2^bits
}

// groups returns how many groups a row of so many columns has.
func groups(columns int) int { return (columns + kernel.Group - 1) / kernel.Group }

// quantise takes for each group of a matrix the scale and minimum of least
// squared error that fitGroup finds. The last group of a row may be short.
func quantise(w []float32, rows, columns, bits int) *grid {
	return eachGroup(w, rows, columns, func(levels []byte, group []float32) (scale, low float32) {
		return fitGroup(levels, group, bits)
	})
}

// eachGroup fills a grid group by group, rows side by side on all cores.
func eachGroup(w []float32, rows, columns int, fit func(levels []byte, group []float32) (scale, low float32)) *grid {
	perRow := groups(columns)
	g := &grid{scale: make([]float32, rows*perRow), low: make([]float32, rows*perRow), level: make([]byte, rows*columns)}
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wait.Go(func() {
			for r := worker; r < rows; r += workers {
				for i := range perRow {
					from, to := r*columns+i*kernel.Group, r*columns+min((i+1)*kernel.Group, columns)
					at := r*perRow + i
					g.scale[at], g.low[at] = fit(g.level[from:to], w[from:to])
				}
			}
		})
	}
	wait.Wait()
	return g
}

// fitGroup quantises at most 32 weights. It begins with the range of the weights
// and tries narrower and wider ones; for each, the levels that are nearest give
// by least squares a scale and a minimum, these again levels, and the result of
// least squared error stays. Errors are those of the stored numbers, float16
// rounding included.
func fitGroup(levels []byte, group []float32, bits int) (scale, low float32) {
	scale, low = rangeOf(group, bits)
	least := nearest(levels, group, scale, low, bits, math.Inf(1))
	if least == 0 {
		return scale, low
	}
	first, last := scale, low
	var trial [kernel.Group]byte
	for step := -fitSteps; step <= fitSteps; step++ {
		// The centre of the range stays, its width changes by up to a fifth.
		width := 1 + 0.2*float32(step)/fitSteps
		nearest(trial[:len(group)], group, first*width, last+first*(1-width)*float32(int(1)<<bits-1)/2, bits, math.Inf(1))
		for range 2 {
			s, l, ok := leastSquares(trial[:len(group)], group)
			if !ok {
				break
			}
			s, l = half(s), half(l)
			e := nearest(trial[:len(group)], group, s, l, bits, 1.2*least)
			if e < least {
				least, scale, low = e, s, l
				copy(levels, trial[:])
			} else if e > 1.2*least {
				break
			}
		}
	}
	return scale, low
}

// fitSteps is how many narrower and how many wider ranges fitGroup tries.
const fitSteps = 4

// rangeOf spreads the levels over the weights' range.
func rangeOf(group []float32, bits int) (scale, low float32) {
	low, high := group[0], group[0]
	for _, x := range group {
		low, high = min(low, x), max(high, x)
	}
	return half((high - low) / float32(int(1)<<bits-1)), half(low)
}

// nearest rounds each weight to a level and returns the squared error. It stops
// early once that is beyond the limit.
func nearest(levels []byte, group []float32, scale, low float32, bits int, limit float64) float64 {
	top := float64(int(1)<<bits - 1)
	s, l := float64(scale), float64(low)
	var inverse float64
	if s != 0 {
		inverse = 1 / s
	}
	var sum float64
	for i, x := range group {
		q := math.RoundToEven((float64(x) - l) * inverse)
		if q < 0 { // min and max of floats cost more
			q = 0
		} else if q > top {
			q = top
		}
		levels[i] = byte(q)
		e := float64(x) - (float64(s*q) + l)
		if sum += float64(e * e); sum > limit {
			return sum
		}
	}
	return sum
}

// leastSquares returns the scale and minimum of least squared error for given
// levels; false where these do not determine them or no float16 holds them.
func leastSquares(levels []byte, group []float32) (scale, low float32, ok bool) {
	var n, q, qq, x, qx float64
	for i, v := range group {
		level := float64(levels[i])
		n, q, qq = n+1, q+level, qq+float64(level*level)
		x, qx = x+float64(v), qx+float64(level*float64(v))
	}
	det := float64(n*qq) - float64(q*q)
	if det == 0 {
		return 0, 0, false
	}
	s := (float64(n*qx) - float64(q*x)) / det
	l := (x - float64(s*q)) / n
	return float32(s), float32(l), s > 0 && math.Abs(l) < 65000
}

// half rounds to float16.
func half(x float32) float32 { return kernel.Float16(kernel.ToFloat16(x)) }
