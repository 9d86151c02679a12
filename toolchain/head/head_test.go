package head

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A whitened cloud has mean 0 and unit variance in every direction, whatever its
// shape was.
func TestFitWhitens(t *testing.T) {
	const count, hidden, dims = 400, 12, 5
	random := rand.New(rand.NewPCG(3, 4))
	states := make([][]float32, count)
	for r := range states {
		states[r] = make([]float32, hidden)
		shared := random.NormFloat64()
		for i := range hidden {
			states[r][i] = float32(7 + 10*shared + float64(i+1)*random.NormFloat64())
		}
	}
	h, err := Fit(states, Options{Dims: dims, Power: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	var sum [dims]float64
	var products [dims][dims]float64
	for _, s := range states {
		var y [dims]float64
		for d := range dims {
			y[d] = float64(h.Bias[d])
			for i, x := range s {
				y[d] += float64(x) * float64(h.Weight[i*dims+d])
			}
			sum[d] += y[d] / count
		}
		for a := range dims {
			for b := range dims {
				products[a][b] += y[a] * y[b] / count
			}
		}
	}
	for a := range dims {
		if math.Abs(sum[a]) > 1e-3 {
			t.Errorf("mean of direction %d is %v, want 0", a, sum[a])
		}
		for b := range dims {
			want := 0.0
			if a == b {
				want = 1
			}
			if math.Abs(products[a][b]-want) > 1e-3 {
				t.Errorf("covariance of %d and %d is %v, want %v", a, b, products[a][b], want)
			}
		}
	}
}

func TestFitRefusesWhatDoesNotFit(t *testing.T) {
	states := [][]float32{{1, 2, 3}, {2, 3, 4}}
	for _, o := range []Options{{Dims: 0}, {Dims: 4}, {Dims: 2, Drop: 2}, {Dims: 2}} {
		if _, err := Fit(states, o); err == nil {
			t.Errorf("Fit accepted %+v of 2 states with 3 values", o)
		}
	}
}
