package quantise

import "math"

// cholesky replaces the lower triangle of a symmetric matrix, [n, n], by l with
// l lᵀ equal to it. It returns false if the matrix is not positive definite.
func cholesky(a []float64, n int) bool {
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

// invertLower returns the inverse of a lower triangular matrix, [n, n], by
// forward substitution, a row at a time: the rows of the inverse above row i,
// weighted by l[i], make row i.
func invertLower(l []float64, n int) []float64 {
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
