// Package gradcheck compares gradients with differences, for tests.
package gradcheck

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// Loss builds a scalar loss from variables in scope and inputs.
type Loss = func(scope *context.Context, inputs []*graph.Node) *graph.Node

// step is how far a variable is moved both ways, and tolerance the largest
// difference between slope and gradient, as a share of the gradient's norm.
const (
	step      = 1e-2
	tolerance = 2e-3

	// noiseFloor is what float32 rounding of a loss around 1 makes of a slope.
	noiseFloor = 1e-4
)

// Check compares the gradient of loss by each trainable variable in scope with
// the loss's
// change along a direction of length 1 that is half the gradient's and half
// random. A gradient of zero is an error. It returns the number of variables.
func Check(t *testing.T, b backends.Backend, scope *context.Context, loss Loss, inputs ...any) int {
	t.Helper()
	exec, err := context.NewExec(b, scope, loss)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var vars []*context.Variable
	for v := range scope.IterVariables() {
		if v.Trainable {
			vars = append(vars, v)
		}
	}
	gradients, err := context.ExecOnceN(b, scope, func(scope *context.Context, inputs []*graph.Node) []*graph.Node {
		y := loss(scope, inputs)
		var nodes []*graph.Node
		for _, v := range vars {
			nodes = append(nodes, v.ValueGraph(y.Graph()))
		}
		return graph.Gradient(y, nodes...)
	}, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 1))
	for i, v := range vars {
		checkVariable(t, exec, v, gradients[i], r, inputs)
	}
	return len(vars)
}

func checkVariable(t *testing.T, loss *context.Exec, v *context.Variable, gradient *tensors.Tensor, r *rand.Rand, inputs []any) {
	t.Helper()
	var slope, start []float32
	tensors.MustConstFlatData(gradient, func(g []float32) { slope = append(slope, g...) })
	tensors.MustConstFlatData(v.MustValue(), func(x []float32) { start = append(start, x...) })
	length := norm(slope)
	if length == 0 || math.IsNaN(length) {
		t.Errorf("%s: the gradient has norm %g", v.ScopeAndName(), length)
		return
	}
	direction := make([]float32, len(slope))
	for i := range direction {
		direction[i] = float32(r.NormFloat64())
	}
	length1 := norm(direction)
	for i := range direction {
		direction[i] = slope[i]/float32(length) + direction[i]/float32(length1)
	}
	scale, want := norm(direction), 0.0
	for i := range direction {
		direction[i] /= float32(scale)
		want += float64(direction[i]) * float64(slope[i])
	}
	set := func(distance float32) {
		moved := make([]float32, len(start))
		for i := range moved {
			moved[i] = start[i] + distance*direction[i]
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(moved, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	at := func(distance float32) float64 {
		set(distance)
		out, err := loss.Exec1(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		return float64(out.Value().(float32))
	}
	got := (at(step) - at(-step)) / (2 * step)
	set(0)
	if !(math.Abs(got-want) <= tolerance*length+noiseFloor) {
		t.Errorf("%s: the loss changes by %g per unit, the gradient says %g (norm %g)", v.ScopeAndName(), got, want, length)
	}
}

func norm(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
