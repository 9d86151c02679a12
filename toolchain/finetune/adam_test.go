package finetune

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
)

// TestAdam compares a few steps with the paper's formulas in float64: gradients
// clipped together, decay on the matrix alone.
func TestAdam(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	root := context.New().Checked(false)
	matrix := root.In("model").VariableWithValue("weight", tensors.FromValue([][]float32{{1, -2}, {0.5, 3}}))
	vector := root.In("model").VariableWithValue("bias", tensors.FromValue([]float32{0.3, -0.1}))
	o := Options{Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-6, WeightDecay: 0.1, Clip: 2}
	a := newAdam(root.In("adam"), o, []*context.Variable{matrix, vector})
	exec, err := context.NewExec(b, root, func(_ *context.Context, hyper *graph.Node) *graph.Node {
		g := hyper.Graph()
		m, v := matrix.ValueGraph(g), vector.ValueGraph(g)
		// The gradients are 2m and 3v².
		loss := graph.Add(graph.ReduceAllSum(graph.Square(m)), graph.ReduceAllSum(graph.Mul(graph.Square(v), v)))
		scalar := func(i int) *graph.Node { return graph.Reshape(graph.Slice(hyper, graph.AxisElem(i))) }
		return a.update(graph.Gradient(loss, m, v), scalar(0), scalar(1), scalar(2))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()

	x := []float64{1, -2, 0.5, 3, 0.3, -0.1}
	first, second := make([]float64, 6), make([]float64, 6)
	for step := 1; step <= 4; step++ {
		rate := 0.1 / float64(step)
		c1, c2 := a.corrections(step)
		out, err := exec.Exec1([]float32{float32(rate), c1, c2})
		if err != nil {
			t.Fatal(err)
		}
		var g [6]float64
		square := 0.0
		for i := range g {
			if g[i] = 2 * x[i]; i >= 4 {
				g[i] = 3 * x[i] * x[i]
			}
			square += g[i] * g[i]
		}
		norm := math.Sqrt(square)
		for i := range x {
			d := g[i] * min(1, 2/norm)
			first[i] = 0.8*first[i] + 0.2*d
			second[i] = 0.95*second[i] + 0.05*d*d
			change := first[i] / (1 - math.Pow(0.8, float64(step))) / (math.Sqrt(second[i]/(1-math.Pow(0.95, float64(step)))) + 1e-6)
			if i < 4 {
				change += 0.1 * x[i]
			}
			x[i] -= rate * change
		}
		if got := float64(tensors.ToScalar[float32](out)); math.Abs(got-norm) > 1e-4 {
			t.Errorf("step %d: norm %g, want %g", step, got, norm)
		}
		got := append(tensors.MustCopyFlatData[float32](matrix.MustValue()), tensors.MustCopyFlatData[float32](vector.MustValue())...)
		for i := range x {
			if math.Abs(float64(got[i])-x[i]) > 1e-5 {
				t.Errorf("step %d, value %d: %g, want %g", step, i, got[i], x[i])
			}
		}
	}
}

func TestLearningRate(t *testing.T) {
	for _, c := range []struct{ warmUp, done, want float64 }{
		{0.1, 0, 0}, {0.1, 0.05, 0.5}, {0.1, 0.1, 1}, {0.1, 0.55, 0.5}, {0.1, 1, 0}, {0.1, 1.5, 0},
		{0, 0, 1}, {0, 0.25, 0.75},
	} {
		if got := learningRate(2, c.warmUp, c.done); math.Abs(got-2*c.want) > 1e-12 {
			t.Errorf("warm-up %g at %g: %g, want %g", c.warmUp, c.done, got, 2*c.want)
		}
	}
	o := Options{Steps: 4}
	if first, last := o.done(0, 0, 9), o.done(3, 0, 9); first != 0.125 || last != 0.875 {
		t.Errorf("shares of steps %g and %g", first, last)
	}
	o = Options{Tokens: 100}
	if got := o.done(7, 50, 20); got != 0.6 {
		t.Errorf("share of tokens %g", got)
	}
}
