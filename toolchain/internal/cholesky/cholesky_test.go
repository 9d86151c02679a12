package cholesky

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSolve multiplies the solution of a random system back, and so the inverse
// of its factor.
func TestSolve(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 7, 33} {
		const m = 3
		g := make([]float64, n*n)
		for i := range g {
			g[i] = r.NormFloat64()
		}
		a := make([]float64, n*n) // g gᵀ and a little more on the diagonal
		for i := range n {
			for j := range n {
				for k := range n {
					a[i*n+j] += g[i*n+k] * g[j*n+k]
				}
			}
			a[i*n+i] += 0.1
		}
		b := make([]float64, n*m)
		for i := range b {
			b[i] = r.NormFloat64()
		}
		l, x := slices.Clone(a), slices.Clone(b)
		if !Factor(l, n) {
			t.Fatalf("n %d: a positive definite matrix was refused", n)
		}
		Solve(l, n, x, m)
		for i := range n {
			for c := range m {
				sum := 0.0
				for j := range n {
					sum += a[i*n+j] * x[j*m+c]
				}
				if math.Abs(sum-b[i*m+c]) > 1e-6 {
					t.Errorf("n %d: row %d column %d is %g, want %g", n, i, c, sum, b[i*m+c])
				}
			}
		}
		inverse := InvertLower(l, n)
		for i := range n {
			for j := range i + 1 {
				sum := 0.0
				for k := j; k <= i; k++ {
					sum += l[i*n+k] * inverse[k*n+j]
				}
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(sum-want) > 1e-8 {
					t.Errorf("n %d: the inverse times the factor is %g at %d, %d", n, sum, i, j)
				}
			}
		}
	}
	if Factor([]float64{1, 0, 2, 1}, 2) {
		t.Error("a matrix that is not positive definite was factored")
	}
}
