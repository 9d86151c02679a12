package layer_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/layer"
)

// half rounds to the nearest float16 in range, by its definition: 11 significant
// bits, the last not below 2^-24.
func half(x float64) float64 {
	if x == 0 {
		return 0
	}
	_, exponent := math.Frexp(x)
	unit := math.Ldexp(1, max(exponent-11, -24))
	return math.Copysign(math.Min(math.RoundToEven(math.Abs(x)/unit)*unit, 65504), x)
}

// quantised is what FakeQuantise should make of weights with rows of length in.
func quantised(w []float32, in, bits int) []float32 {
	levels := math.Pow(2, float64(bits)) - 1
	result := make([]float32, 0, len(w))
	for row := range slices.Chunk(w, in) {
		for group := range slices.Chunk(row, 32) {
			low, high := slices.Min(group), slices.Max(group)
			d, m := half(float64((high-low)/float32(levels))), half(float64(low))
			for _, x := range group {
				q := 0.0
				if d > 0 {
					q = min(max(math.RoundToEven((float64(x)-m)/d), 0), levels)
				}
				result = append(result, float32(m+d*q))
			}
		}
	}
	return result
}

func TestFakeQuantise(t *testing.T) {
	w := flat(random(7, 11, 72))
	for i := range w[:72*4] { // rows of other sizes, one whose scales are no normal float16, one constant
		w[i] *= [...]float32{1e-3, 100, 2e-5, 0}[i/72]
	}
	copy(w[72*3:72*4], slices.Repeat([]float32{0.1}, 72))
	for _, bits := range []int{2, 4, 7} {
		testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
			got, err := graph.ExecOnce(b, func(w *graph.Node) *graph.Node { return layer.FakeQuantise(w, bits) },
				tensors.FromFlatDataAndDimensions(w, 11, 72))
			if err != nil {
				t.Fatal(err)
			}
			// Quotients are of float32 here and of float64 there, so a weight in the
			// middle between two levels may become either.
			want, other := quantised(w, 72, bits), 0
			for i, x := range flat(got) {
				if math.Abs(float64(x-want[i])) > 1e-6*math.Abs(float64(want[i])) {
					other++
				}
			}
			if other > len(w)/400 {
				t.Errorf("%d bits: %d of %d weights are not as they should be", bits, other, len(w))
			}
		})
	}
}

// TestFakeQuantiseGradient: as if nothing were rounded.
func TestFakeQuantiseGradient(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		got, err := graph.ExecOnce(b, func(w, c *graph.Node) *graph.Node {
			return graph.Gradient(graph.ReduceAllSum(graph.Mul(layer.FakeQuantise(w, 4), c)), w)[0]
		}, random(1, 3, 40), random(2, 3, 40))
		if err != nil {
			t.Fatal(err)
		}
		if want := flat(random(2, 3, 40)); !slices.Equal(flat(got), want) {
			t.Errorf("gradient is %v, want %v", flat(got), want)
		}
	})
}
