package testmodel

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// Open returns a file of testdata; it is closed when the test ends.
func Open(t testing.TB, path string) *Safetensors {
	t.Helper()
	s, err := OpenSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Inputs returns "ids" of a golden file, int32 [batch, length], and the padding
// mask that "lengths" makes.
func (s *Safetensors) Inputs(t testing.TB) (ids, mask *tensors.Tensor, lengths []int32) {
	t.Helper()
	shape, flat, err := s.Int32("ids")
	if err != nil {
		t.Fatal(err)
	}
	if _, lengths, err = s.Int32("lengths"); err != nil {
		t.Fatal(err)
	}
	m := make([]bool, len(flat))
	for row, n := range lengths {
		for i := range n {
			m[row*shape[1]+int(i)] = true
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, shape...), tensors.FromFlatDataAndDimensions(m, shape...), lengths
}

// MaxDifference returns the largest absolute difference between got and the
// golden of the given name, over tokens and not padding; both are [batch, length,
// n].
func (s *Safetensors) MaxDifference(t testing.TB, name string, got *tensors.Tensor, lengths []int32) float64 {
	t.Helper()
	shape, want, err := s.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(shape) != fmt.Sprint(got.Shape().Dimensions) {
		t.Fatalf("%s: shape %v, want %v", name, got.Shape().Dimensions, shape)
	}
	worst := 0.0
	tensors.MustConstFlatData(got, func(flat []float32) {
		for row, n := range lengths {
			start := row * shape[1] * shape[2]
			for i := start; i < start+int(n)*shape[2]; i++ {
				worst = max(worst, Difference(flat[i], want[i]))
			}
		}
	})
	return worst
}

// Difference is |a-b|, infinite if either is no number.
func Difference(a, b float32) float64 {
	d := math.Abs(float64(a) - float64(b))
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}
