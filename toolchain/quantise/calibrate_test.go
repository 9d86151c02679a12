package quantise

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/internal/cholesky"
	"github.com/effir/effir/wasm/kernel"
)

// matrix returns random weights.
func matrix(random *rand.Rand, out, in int) []float32 {
	w := make([]float32, out*in)
	for i := range w {
		w[i] = float32(random.NormFloat64() * 0.05)
	}
	return w
}

// correlated returns the second moments of inputs that have few directions and
// channels of very different size, as those of transformers do.
func correlated(random *rand.Rand, in, samples int) []float32 {
	mix := make([]float64, in*8)
	for i := range mix {
		mix[i] = random.NormFloat64()
	}
	size := make([]float64, in)
	for i := range size {
		size[i] = math.Exp(random.NormFloat64())
	}
	h := make([]float64, in*in)
	x := make([]float64, in)
	for range samples {
		var hidden [8]float64
		for k := range hidden {
			hidden[k] = random.NormFloat64()
		}
		for i := range x {
			x[i] = 0.3 * random.NormFloat64()
			for k, z := range hidden {
				x[i] += mix[i*8+k] * z
			}
			x[i] *= size[i]
		}
		for i := range in {
			for j := range in {
				h[i*in+j] += x[i] * x[j] / float64(samples)
			}
		}
	}
	out := make([]float32, len(h))
	for i, v := range h {
		out[i] = float32(v)
	}
	return out
}

// packings are the two that packages have.
var packings = []struct {
	bits   int
	pack   func(w []float32, n, k int) []byte
	unpack func(packed []byte, n, k int) []float32
}{{4, kernel.PackQ4, kernel.UnpackQ4}, {7, kernel.PackQ7, kernel.UnpackQ7}}

func TestRoundEqualsPacking(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	w := matrix(random, 16, 96)
	w[40] = 3 // an outlier
	for i := range 32 {
		w[96+i] = 0.25 // a group without range
	}
	for _, p := range packings {
		got, err := Grid{p.bits}.Round(w, 16, 96)
		if err != nil {
			t.Fatal(err)
		}
		if want := p.unpack(p.pack(w, 16, 96), 16, 96); !slices.Equal(got, want) {
			t.Errorf("%d bits: rounding differs from what packing does", p.bits)
		}
	}
}

// Packing calibrated weights must change none of them.
func TestPackingKeepsCalibratedWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const out, in = 24, 128
	w := matrix(random, out, in)
	for i := range 32 {
		w[i] = 0.125
	}
	h := correlated(random, in, 300)
	for _, p := range packings {
		got, err := Grid{p.bits}.Calibrate(w, h, out, in)
		if err != nil {
			t.Fatal(err)
		}
		if again := p.unpack(p.pack(got, out, in), out, in); !slices.Equal(got, again) {
			t.Errorf("%d bits: packing rounds calibrated weights once more", p.bits)
		}
	}
}

func TestCalibrationLowersTheError(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const out, in = 32, 160
	w := matrix(random, out, in)
	h := correlated(random, in, 1000)
	for _, bits := range []int{3, 4, 5, 7, 8} {
		g := Grid{bits}
		plain, err := g.Round(w, out, in)
		if err != nil {
			t.Fatal(err)
		}
		calibrated, err := g.Calibrate(w, h, out, in)
		if err != nil {
			t.Fatal(err)
		}
		before, after := Error(w, plain, h, out, in), Error(w, calibrated, h, out, in)
		if !(after < 0.4*before) {
			t.Errorf("%d bits: error %.2e, by plain rounding %.2e", bits, after, before)
		}
		again, err := g.Calibrate(w, h, out, in)
		if err != nil || !slices.Equal(again, calibrated) {
			t.Errorf("%d bits: not repeatable (%v)", bits, err)
		}
	}
}

// Against all 4^7 roundings of a small row on the same scale, the result is close
// to the best.
func TestCalibrationIsNearTheOptimum(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	const in = 7
	g := Grid{2}
	var ours, best, plain float64
	for range 40 {
		w := matrix(random, 1, in)
		h := correlated(random, in, 200)
		got, err := g.Calibrate(w, h, 1, in)
		if err != nil {
			t.Fatal(err)
		}
		p, err := g.Round(w, 1, in)
		if err != nil {
			t.Fatal(err)
		}
		low, high := slices.Min(got), slices.Max(got)
		least := math.Inf(1)
		v := make([]float32, in)
		for code := range 1 << (2 * in) {
			for i := range v {
				v[i] = low + (high-low)/3*float32(code>>(2*i)&3)
			}
			least = min(least, Error(w, v, h, 1, in))
		}
		ours, best, plain = ours+Error(w, got, h, 1, in), best+least, plain+Error(w, p, h, 1, in)
	}
	if !(ours < 1.6*best) || !(ours < 0.6*plain) {
		t.Errorf("error %.3g, best on the same scale %.3g, plain %.3g", ours, best, plain)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		bits    int
		w, h    []float32
		out, in int
	}{
		"bits":       {1, make([]float32, 4), make([]float32, 4), 2, 2},
		"shape":      {4, make([]float32, 5), make([]float32, 4), 2, 2},
		"moments":    {4, make([]float32, 4), make([]float32, 9), 2, 2},
		"nan":        {4, []float32{1, nan, 1, 1}, make([]float32, 4), 2, 2},
		"huge":       {4, []float32{1, 1e6, 1, 1}, make([]float32, 4), 2, 2},
		"indefinite": {4, make([]float32, 4), []float32{1, -5, -5, 1}, 2, 2},
	} {
		if _, err := (Grid{c.bits}).Calibrate(c.w, c.h, c.out, c.in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// Inputs that never occur leave plain rounding.
	if _, err := (Grid{4}).Calibrate(make([]float32, 64), make([]float32, 32*32), 2, 32); err != nil {
		t.Error(err)
	}
}

func TestInvertLower(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	const n = 20
	h := damped(correlated(random, n, 50), n)
	l := slices.Clone(h)
	if !cholesky.Factor(l, n) {
		t.Fatal("not positive definite")
	}
	inverse := cholesky.InvertLower(l, n)
	for i := range n {
		for j := range n {
			var product float64
			for k := j; k <= i; k++ {
				product += inverse[i*n+k] * l[k*n+j]
			}
			want := 0.0
			if i == j {
				want = 1
			}
			if i >= j && math.Abs(product-want) > 1e-9 {
				t.Fatalf("(l⁻¹ l)[%d][%d] = %g", i, j, product)
			}
		}
	}
}

func BenchmarkCalibrate(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	const out, in = 384, 384
	w, h := matrix(random, out, in), correlated(random, in, 100)
	for b.Loop() {
		if _, err := (Grid{4}).Calibrate(w, h, out, in); err != nil {
			b.Fatal(err)
		}
	}
}
