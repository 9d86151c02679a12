package quantise

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/effir/effir/toolchain/internal/cholesky"
	"github.com/effir/effir/wasm/kernel"
)

// Calibrated rounds every matrix so that its outputs on inputs like those of the
// moments change least, see Grid.Calibrate. A matrix without moments is rounded
// plainly.
func Calibrated(g Grid, moments Moments) Rounder {
	return func(name string, w []float32, out, in int) ([]float32, error) {
		if h := moments[name]; h != nil {
			return g.Calibrate(w, h, out, in)
		}
		return g.Round(w, out, in)
	}
}

// sweeps of coordinate descent at most. The error falls by less than a thousandth
// in later ones.
const sweeps = 6

// Calibrate rounds w, [out, in], to values v of the grid such that the mean
// squared change of the outputs, (w-v) h (w-v)ᵀ per row with h the inputs' second
// moments [in, in], is small:
//
//  1. Columns are rounded one after the other, and what each loses is made up for
//     by the columns that follow, as far as inputs are correlated (GPTQ, Frantar
//     et al. 2022, equation 3 by the Cholesky factor of the inverse of h).
//  2. Then single levels change as long as that makes the error smaller (cyclic
//     coordinate descent on the same error, QuantEase, Behdin et al. 2023).
//
// In every group some weight stays at the lowest and some at the highest level, so
// that packing finds the same scale again and loses nothing.
func (g Grid) Calibrate(w, h []float32, out, in int) ([]float32, error) {
	if err := g.check(w, out, in); err != nil {
		return nil, err
	}
	if len(h) != in*in {
		return nil, fmt.Errorf("moments of %d numbers do not fit a matrix of %d inputs", len(h), in)
	}
	c := &calibration{grid: g, in: in, h: damped(h, in)}
	if err := c.factor(); err != nil {
		return nil, err
	}
	rounded := make([]float32, len(w))
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wait.Go(func() {
			r := c.newRow()
			for row := worker; row < out; row += workers {
				r.round(w[row*in:(row+1)*in], rounded[row*in:(row+1)*in])
			}
		})
	}
	wait.Wait()
	return rounded, nil
}

// Error returns the mean squared change of the outputs when w is replaced by v,
// relative to the mean square of the outputs. h as for Calibrate.
func Error(w, v, h []float32, out, in int) float64 {
	var changed, whole float64
	d, x := make([]float64, in), make([]float64, in)
	for row := range out {
		for i, old := range w[row*in : (row+1)*in] {
			x[i] = float64(old)
			d[i] = x[i] - float64(v[row*in+i])
		}
		for i := range in { // h is symmetric
			var dh, xh float64
			for j, m := range h[i*in : i*in+i] {
				dh += float64(m) * d[j]
				xh += float64(m) * x[j]
			}
			m := float64(h[i*in+i])
			changed += d[i] * (2*dh + m*d[i])
			whole += x[i] * (2*xh + m*x[i])
		}
	}
	return changed / whole
}

// damped returns h with a hundredth of its mean diagonal added to the diagonal:
// inputs that calibration never saw must not be ignored, and the factorisation
// needs a positive definite matrix.
func damped(h []float32, in int) []float64 {
	d := make([]float64, len(h))
	var trace float64
	for i := range in {
		trace += float64(h[i*in+i])
	}
	for i, x := range h {
		d[i] = float64(x)
	}
	for i := range in {
		d[i*in+i] += 0.01*trace/float64(in) + 1e-12
	}
	return d
}

// calibration is what all rows of a matrix share.
type calibration struct {
	grid  Grid
	in    int
	h     []float64 // damped moments
	upper []float64 // upper factor u of the inverse of h, h⁻¹ = uᵀu
}

// factor computes upper. With P the reversal of order and P h P = l lᵀ, the
// factor is u = P l⁻¹ P.
func (c *calibration) factor() error {
	n := c.in
	l := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			l[i*n+j] = c.h[(n-1-i)*n+n-1-j]
		}
	}
	if !cholesky.Factor(l, n) {
		return fmt.Errorf("the moments of the inputs are not positive definite: calibrate with more texts")
	}
	inverse := cholesky.InvertLower(l, n)
	c.upper = make([]float64, n*n)
	for i := range n {
		for j := i; j < n; j++ {
			c.upper[i*n+j] = inverse[(n-1-i)*n+n-1-j]
		}
	}
	return nil
}

// row is the working memory of one goroutine.
type row struct {
	*calibration
	left     []float64 // weights that are to be rounded, with what they make up for
	values   []float64
	residual []float64 // h (w - values)
	scales   []scale   // per group
}

func (c *calibration) newRow() *row {
	return &row{
		calibration: c, left: make([]float64, c.in), values: make([]float64, c.in), residual: make([]float64, c.in),
		scales: make([]scale, (c.in+kernel.Group-1)/kernel.Group),
	}
}

func (r *row) round(w, rounded []float32) {
	for i, x := range w {
		r.left[i] = float64(x)
	}
	for group := range r.scales {
		r.roundGroup(group)
	}
	r.setResidual(w)
	for range sweeps {
		if !r.sweep() {
			break
		}
	}
	for i, x := range r.values {
		rounded[i] = float32(x)
	}
}

// bounds returns the columns of a group.
func (r *row) bounds(group int) (start, end int) {
	return group * kernel.Group, min((group+1)*kernel.Group, r.in)
}

// roundGroup is the first step for one group: it fixes the scale by the weights
// as they are now, then goes column by column.
func (r *row) roundGroup(group int) {
	start, end := r.bounds(group)
	s, lowest, highest := r.fit(start, end)
	r.scales[group] = s
	for i := start; i < end; i++ {
		switch i {
		case lowest:
			r.values[i] = s.m
		case highest:
			r.values[i] = s.m + s.d*r.grid.levels()
		default:
			r.values[i] = r.grid.value(s, r.left[i])
		}
		factor := r.upper[i*r.in : (i+1)*r.in]
		lost := (r.left[i] - r.values[i]) / factor[i]
		for j := i + 1; j < r.in; j++ {
			r.left[j] -= lost * factor[j]
		}
	}
}

// fit returns the scale of the columns from start to end that costs least, of
// those with both ends drawn in alike, and the columns of the least and greatest
// weight.
func (r *row) fit(start, end int) (best scale, lowest, highest int) {
	lowest, highest = start, start
	for i := start; i < end; i++ {
		if r.left[i] < r.left[lowest] {
			lowest = i
		}
		if r.left[i] > r.left[highest] {
			highest = i
		}
	}
	low, high := r.left[lowest], r.left[highest]
	least := math.Inf(1)
	for step := range 9 {
		in := 0.025 * float64(step) * (high - low)
		s := r.grid.scaleOf(low+in, high-in)
		var cost float64
		for i := start; i < end; i++ {
			d := r.left[i] - r.grid.value(s, r.left[i])
			cost += d * d * r.h[i*r.in+i]
		}
		if cost < least {
			best, least = s, cost
		}
	}
	return best, lowest, highest
}

func (r *row) setResidual(w []float32) {
	for i := range r.residual {
		var sum float64
		for j, x := range r.h[i*r.in : (i+1)*r.in] {
			sum += x * (float64(w[j]) - r.values[j])
		}
		r.residual[i] = sum
	}
}

// sweep sets every column to the value that is best while the others stay, and
// tells whether any changed.
func (r *row) sweep() bool {
	changed := false
	for group, s := range r.scales {
		if s.d == 0 {
			continue
		}
		start, end := r.bounds(group)
		top := s.m + s.d*r.grid.levels()
		bottoms, tops := 0, 0 // columns at the ends, of which one each must stay
		for i := start; i < end; i++ {
			switch r.values[i] {
			case s.m:
				bottoms++
			case top:
				tops++
			}
		}
		for i := start; i < end; i++ {
			old := r.values[i]
			now := r.grid.value(s, old+r.residual[i]/r.h[i*r.in+i])
			if now == old || old == s.m && bottoms == 1 || old == top && tops == 1 {
				continue
			}
			bottoms += count(now == s.m) - count(old == s.m)
			tops += count(now == top) - count(old == top)
			r.values[i] = now
			delta := now - old
			for j, x := range r.h[i*r.in : (i+1)*r.in] {
				r.residual[j] -= delta * x
			}
			changed = true
		}
	}
	return changed
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
