package compress

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/floatmodel"
)

// TestSlicedEqualsMasked: a compressed model computes what the whole model computes when the dropped
// sub-layers add nothing, the removed neurons are multiplied by zero, and the removed layers are
// skipped.
func TestSlicedEqualsMasked(t *testing.T) {
	plans := map[string]Plan{
		"mlp":       {DropMLP: []int{0, 3}},
		"attention": {DropAttention: []int{4, 1}},
		"blocks":    {DropBlocks: []int{1, 4}},
		"width":     {Neurons: map[int][]int{0: {0, 5, 23}, 2: {7}, 4: {1, 2, 3, 4, 5, 6, 7, 8}}},
		"all": {
			DropMLP: []int{3, 1}, DropAttention: []int{0}, DropBlocks: []int{2},
			Neurons: map[int][]int{0: {3, 4, 9, 11}, 4: {0, 1, 22, 23}, 1: {5}},
		},
		"empty layer": {DropMLP: []int{2}, DropAttention: []int{2, 3}},
	}
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for _, config := range []checkpoint.Config{llamaConfig(), bertConfig()} {
		base := newTiny(t, config)
		for name, plan := range plans {
			t.Run(config.ModelType+"/"+name, func(t *testing.T) {
				sliced, err := New(base, plan)
				if err != nil {
					t.Fatal(err)
				}
				want := forward(t, b, masked(base, plan), plan.DropBlocks)
				got := forward(t, b, sliced, nil)
				whole := forward(t, b, base, nil)
				if d := worst(got, want); !(d < 1e-4) {
					t.Errorf("largest difference to the masked model is %g", d)
				}
				if d := worst(got, whole); !(d > 1e-2) {
					t.Errorf("the whole model gives the same to %g: the test tells nothing", d)
				}
			})
		}
	}
}

// masked is the whole model with zeros for what the plan takes away.
func masked(base tiny, plan Plan) tiny {
	m := base.clone()
	llama := m.config.ModelType == checkpoint.Llama
	name := func(layer int, llamaPart, bertPart string) string {
		if llama {
			return fmt.Sprintf("model.layers.%d.%s", layer, llamaPart)
		}
		return fmt.Sprintf("encoder.layer.%d.%s", layer, bertPart)
	}
	for _, layer := range plan.DropMLP {
		m.zero(name(layer, "mlp.down_proj.weight", "output.dense.weight"), everywhere)
		if !llama {
			m.zero(name(layer, "", "output.dense.bias"), everywhere)
		}
	}
	for _, layer := range plan.DropAttention {
		m.zero(name(layer, "self_attn.o_proj.weight", "attention.output.dense.weight"), everywhere)
		if !llama {
			m.zero(name(layer, "", "attention.output.dense.bias"), everywhere)
		}
	}
	for layer, neurons := range plan.Neurons {
		m.zero(name(layer, "mlp.down_proj.weight", "output.dense.weight"), func(_, column int) bool { return !slices.Contains(neurons, column) })
	}
	return m
}

// forward computes the last states of a text on its way through all layers but some.
func forward(t *testing.T, b backends.Backend, m Model, skip []int) []float32 {
	t.Helper()
	cfg := m.Config()
	f, err := floatmodel.Of(cfg)
	if err != nil {
		t.Fatal(err)
	}
	weights := mlcontext.New()
	defer weights.Finalize()
	if err := f.Load(weights, source{m}); err != nil {
		t.Fatal(err)
	}
	exec, err := mlcontext.NewExec(b, weights, func(scope *mlcontext.Context, ids, mask *graph.Node) *graph.Node {
		x := f.Embed(scope, ids, mask)
		for i := range cfg.NumHiddenLayers {
			if !slices.Contains(skip, i) {
				_, x = f.Layer(scope, i, x, mask)
			}
		}
		return f.Final(scope, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Exec1(
		tensors.FromFlatDataAndDimensions([]int32{1, 39, 7, 7, 20, 3}, 1, 6),
		tensors.FromFlatDataAndDimensions(slices.Repeat([]bool{true}, 6), 1, 6))
	if err != nil {
		t.Fatal(err)
	}
	defer out.MustFinalizeAll()
	var states []float32
	tensors.MustConstFlatData(out, func(data []float32) { states = slices.Clone(data) })
	return states
}

// source shows a model to a graph.
type source struct{ Model }

func (s source) Tensor(name string) ([]int, []float32, error) {
	t, err := s.Model.Tensor(name)
	return t.Shape, t.Data, err
}

func worst(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}
