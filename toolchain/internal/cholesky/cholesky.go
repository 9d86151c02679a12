// Package cholesky factors symmetric positive definite matrices, small ones in
// float64, row by row in slices.
package cholesky

import "math"

// Factor replaces the lower triangle of a symmetric matrix, [n, n], by l with
// l lᵀ equal to it. It returns false if the matrix is not positive definite.
func Factor(a []float64, n int) bool {
	for i := range n {
		row := a[i*n : i*n+i+1]
		for j := range row {
			other := a[j*n : j*n+j+1]
			sum := row[j]
			for k, x := range other[:j] {
				sum -= row[k] * x
			}
			if j < i {
				row[j] = sum / other[j]
				continue
			}
			if !(sum > 0) {
				return false
			}
			row[j] = math.Sqrt(sum)
		}
	}
	return true
}

// InvertLower returns the inverse of a lower triangular matrix, [n, n], by
// forward substitution, a row at a time: the rows of the inverse above row i,
// weighted by l[i], make row i.
func InvertLower(l []float64, n int) []float64 {
	inverse := make([]float64, n*n)
	for i := range n {
		row := inverse[i*n : i*n+i+1]
		for j := range i {
			x := l[i*n+j]
			for k, y := range inverse[j*n : j*n+j+1] {
				row[k] -= x * y
			}
		}
		d := 1 / l[i*n+i]
		for k := range row {
			row[k] *= d
		}
		row[i] = d
	}
	return inverse
}

// Solve replaces the rows of b, [n, m], by x with l lᵀ x = b, where l, [n, n], is
// what [Factor] made.
func Solve(l []float64, n int, b []float64, m int) {
	row := func(i int) []float64 { return b[i*m : (i+1)*m] }
	subtract := func(from []float64, x float64, other []float64) {
		for k, y := range other {
			from[k] -= x * y
		}
	}
	divide := func(r []float64, by float64) {
		for k := range r {
			r[k] /= by
		}
	}
	for i := range n {
		for j := range i {
			subtract(row(i), l[i*n+j], row(j))
		}
		divide(row(i), l[i*n+i])
	}
	for i := n - 1; i >= 0; i-- {
		for j := i + 1; j < n; j++ {
			subtract(row(i), l[j*n+i], row(j))
		}
		divide(row(i), l[i*n+i])
	}
}
