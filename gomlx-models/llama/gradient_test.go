package llama

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
)

// TestGradients compares the gradient of a loss by each variable with the
// loss's change along a random direction in that variable, so that training can
// trust every operation used here.
func TestGradients(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	cfg := validConfig()
	scope := context.New()
	w := randomWeights(cfg, 7)
	if err := Load(scope, cfg, w); err != nil {
		t.Fatal(err)
	}
	if err := LoadHead(scope, cfg, w); err != nil {
		t.Fatal(err)
	}
	ids := [][]int32{{1, 5, 10, 3, 7}, {4, 4, 9, 0, 0}}
	mask := [][]bool{{true, true, true, true, true}, {true, true, true, false, false}}

	// The loss weights all logits of tokens differently and is not linear in them.
	loss := func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
		logits := Logits(scope, cfg, Hidden(scope, cfg, ids, mask))
		mix := graph.Sin(graph.IotaFull(logits.Graph(), logits.Shape()))
		kept := graph.BroadcastToShape(graph.ExpandAxes(mask, -1), logits.Shape())
		return graph.ReduceAllSum(graph.Where(kept, graph.Mul(graph.Tanh(logits), mix), graph.ZerosLike(logits)))
	}
	lossExec, err := context.NewExec(b, scope, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer lossExec.Finalize()
	var vars []*context.Variable
	for v := range scope.IterVariables() {
		vars = append(vars, v)
	}
	gradients, err := context.ExecOnceN(b, scope, func(scope *context.Context, ids, mask *graph.Node) []*graph.Node {
		var nodes []*graph.Node
		for _, v := range vars {
			nodes = append(nodes, v.ValueGraph(ids.Graph()))
		}
		return graph.Gradient(loss(scope, ids, mask), nodes...)
	}, ids, mask)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 1))
	for i, v := range vars {
		checkDirection(t, lossExec, v, gradients[i], r, ids, mask)
	}
}

// checkDirection moves v both ways along a direction of length 1 that is half
// the gradient's and half random.
func checkDirection(t *testing.T, loss *context.Exec, v *context.Variable, gradient *tensors.Tensor, r *rand.Rand, ids, mask any) {
	t.Helper()
	const step = 1e-2
	var slope, start []float32
	tensors.MustConstFlatData(gradient, func(g []float32) { slope = append(slope, g...) })
	tensors.MustConstFlatData(v.MustValue(), func(x []float32) { start = append(start, x...) })
	noise := make([]float32, len(slope))
	for i := range noise {
		noise[i] = float32(r.NormFloat64())
	}
	length := norm2(slope)
	if length == 0 || math.IsNaN(length) {
		t.Errorf("%s: the gradient has norm %g", v.ScopeAndName(), length)
		return
	}
	direction := make([]float32, len(slope))
	for i := range direction {
		direction[i] = slope[i]/float32(length) + noise[i]/float32(norm2(noise))
	}
	scale, want := norm2(direction), 0.0
	for i := range direction {
		direction[i] /= float32(scale)
		want += float64(direction[i]) * float64(slope[i])
	}
	at := func(distance float32) float64 {
		moved := make([]float32, len(start))
		for i := range moved {
			moved[i] = start[i] + distance*direction[i]
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(moved, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
		out, err := loss.Exec1(ids, mask)
		if err != nil {
			t.Fatal(err)
		}
		return float64(out.Value().(float32))
	}
	got := (at(step) - at(-step)) / (2 * step)
	if err := v.SetValue(tensors.FromFlatDataAndDimensions(start, v.Shape().Dimensions...)); err != nil {
		t.Fatal(err)
	}
	if math.Abs(got-want) > 2e-3*length {
		t.Errorf("%s: the loss changes by %g per unit, the gradient says %g (norm %g)", v.ScopeAndName(), got, want, length)
	}
}

func norm2(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
