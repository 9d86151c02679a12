package retriever

import (
	"math"
	"testing"
)

func TestPageScore(t *testing.T) {
	for _, test := range []struct {
		scores []float32
		want   float64
	}{
		{[]float32{0.7}, 0.7},
		{[]float32{0.7, 0.7}, 0.7 * math.Pow(2, 1./8)},
		{[]float32{12, 11, 3}, math.Pow(math.Pow(12, 8)+math.Pow(11, 8)+math.Pow(3, 8), 1./8)},
		{[]float32{1, 1, 1, 1, 1}, math.Pow(3, 1./8)}, // the first three count
		{[]float32{0.5, -0.9}, 0.5},
		{[]float32{0, -0.1}, 0},
		{[]float32{-0.1, -2}, -0.1},
		{[]float32{1e-30, 1e-30}, 1e-30 * math.Pow(2, 1./8)},
	} {
		if got := PageScore(test.scores); math.Abs(float64(got)-test.want) > 1e-6*math.Abs(test.want) {
			t.Errorf("%v: %g, want %g", test.scores, got, test.want)
		}
	}
}

// Rounding must not put a page with more passages behind one with its best alone.
func TestPageScoreIsNotBelowTheBest(t *testing.T) {
	for x := float32(1e-6); x < 50; x *= 1.001 {
		if got := PageScore([]float32{x, x / 100}); got < x {
			t.Fatalf("%g with a weak second passage: %g", x, got)
		}
	}
}
