package slim_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/gradcheck"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/slim"
)

// models are the tiny slimmed models of the families.
func models(t *testing.T) map[string]family.Trainable {
	t.Helper()
	llama, err := testmodel.ReadConfig("../llama/testdata/slimmed/config.json")
	if err != nil {
		t.Fatal(err)
	}
	bert, err := testmodel.ReadBERTConfig("../bert/testdata/slimmed/config.json")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]family.Trainable{"llama": llama, "bert": bert}
}

// last returns the last states of a family's golden texts.
func last(t *testing.T, b backends.Backend, name string, m family.Trainable, scope *context.Context) (x []float32) {
	t.Helper()
	ids, mask, _ := testmodel.Open(t, filepath.Join("..", name, "testdata/slimmed/goldens.safetensors")).Inputs(t)
	out, err := context.ExecOnce(b, scope, func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
		return family.Forward(m, scope, ids, mask).Last
	}, ids, mask)
	if err != nil {
		t.Fatal(err)
	}
	tensors.MustConstFlatData(out, func(flat []float32) { x = slices.Clone(flat) })
	return x
}

func load(t *testing.T, name string, m family.Trainable) *context.Context {
	t.Helper()
	scope := context.New()
	if err := m.Load(scope, testmodel.Open(t, filepath.Join("..", name, "testdata/slimmed/model.safetensors"))); err != nil {
		t.Fatal(err)
	}
	return scope
}

// TestGates: new gates change nothing, a gate of 0 or less switches its unit off
// as a zero row of the next weight does, and without gates all is as before.
func TestGates(t *testing.T) {
	for name, m := range models(t) {
		t.Run(name, func(t *testing.T) {
			b, scope := testmodel.Go(t), load(t, name, m)
			before := last(t, b, name, m, scope)
			if err := slim.AddGates(scope, m); err != nil {
				t.Fatal(err)
			}
			if err := slim.AddGates(scope, m); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("second call: %v", err)
			}
			if got := last(t, b, name, m, scope); !slices.Equal(got, before) {
				t.Error("new gates change states")
			}
			z := make([]float32, m.Sizes().MLP[0])
			for i := range z {
				z[i] = float32(1 - i%3) // 1, 0, -1
			}
			if err := family.Scope(scope, m.GatePath(0)).GetVariable(layer.VarGate).SetValue(tensors.FromFlatDataAndDimensions(z, len(z))); err != nil {
				t.Fatal(err)
			}
			gates, err := slim.Gates(scope, m)
			if err != nil {
				t.Fatal(err)
			}
			for i, width := range m.Sizes().MLP {
				if len(gates[i]) != width {
					t.Errorf("layer %d has %d gates, want %d", i, len(gates[i]), width)
				}
			}
			if !slices.Equal(gates[0][:6], []float32{1, 0, 0, 1, 0, 0}) || gates[2][0] != 1 {
				t.Errorf("gates are %v", gates)
			}
			gated := last(t, b, name, m, scope)
			if slices.Equal(gated, before) {
				t.Error("closed gates change nothing")
			}
			if err := slim.RemoveGates(scope, m); err != nil {
				t.Fatal(err)
			}
			if got := last(t, b, name, m, scope); !slices.Equal(got, before) {
				t.Error("removed gates still work")
			}
			closeUnits(t, scope, m, z)
			if got := last(t, b, name, m, scope); !slices.Equal(got, gated) {
				t.Error("closed gates and zero weights give other states")
			}
			if _, err := slim.Gates(scope, m); err == nil || !strings.Contains(err.Error(), "no gate") {
				t.Errorf("gates after removal: %v", err)
			}
		})
	}
}

// closeUnits zeroes the columns of layer 0's last product where z is not
// positive.
func closeUnits(t *testing.T, scope *context.Context, m family.Trainable, z []float32) {
	t.Helper()
	var down family.Linear
	for _, l := range m.Linears() {
		if l.Layer == 0 {
			down = l
		}
	}
	v := family.Scope(scope, down.Path).GetVariable(layer.VarWeight)
	var w []float32
	tensors.MustConstFlatData(v.MustValue(), func(flat []float32) { w = slices.Clone(flat) })
	for i := range w {
		if z[i%len(z)] <= 0 {
			w[i] = 0
		}
	}
	if err := v.SetValue(tensors.FromFlatDataAndDimensions(w, v.Shape().Dimensions...)); err != nil {
		t.Fatal(err)
	}
}

// TestGradients: gates are the only trainable variables, and their gradients are
// right.
func TestGradients(t *testing.T) {
	for name, m := range models(t) {
		t.Run(name, func(t *testing.T) {
			scope := load(t, name, m)
			if err := slim.AddGates(scope, m); err != nil {
				t.Fatal(err)
			}
			slim.Freeze(scope)
			n := gradcheck.Check(t, testmodel.Go(t), scope, func(scope *context.Context, in []*graph.Node) *graph.Node {
				if n := len(slim.Nodes(scope, in[0].Graph(), m)); n != gated(m) {
					t.Errorf("%d nodes, want %d", n, gated(m))
				}
				return graph.ReduceAllMean(graph.Sin(family.Forward(m, scope, in[0], in[1]).Last))
			}, [][]int32{{1, 5, 10, 3, 7}}, [][]bool{{true, true, true, true, true}})
			if n != gated(m) {
				t.Errorf("%d trainable variables, want %d", n, gated(m))
			}
		})
	}
}

func gated(m family.Model) (n int) {
	for _, width := range m.Sizes().MLP {
		if width > 0 {
			n++
		}
	}
	return n
}
