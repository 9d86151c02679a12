package lora_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/lora"
)

// model is one of the tiny models of the families, loaded anew.
type model struct {
	family.Trainable
	goldens *testmodel.Safetensors
	scope   *context.Context
	names   []string // of one layer
}

func llamaModel(t *testing.T) model {
	t.Helper()
	dir := "../llama/testdata/slimmed"
	cfg, err := testmodel.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	return load(t, cfg, dir, "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
}

func bertModel(t *testing.T) model {
	t.Helper()
	dir := "../bert/testdata/slimmed"
	cfg, err := testmodel.ReadBERTConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	return load(t, cfg, dir, "query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")
}

func load(t *testing.T, m family.Trainable, dir string, names ...string) model {
	t.Helper()
	scope := context.New()
	if err := m.Load(scope, testmodel.Open(t, filepath.Join(dir, "model.safetensors"))); err != nil {
		t.Fatal(err)
	}
	return model{m, testmodel.Open(t, filepath.Join(dir, "goldens.safetensors")), scope, names}
}

// last returns the model's last states for the golden texts.
func (m model) last(t *testing.T, b backends.Backend) []float32 {
	t.Helper()
	ids, mask, _ := m.goldens.Inputs(t)
	out, err := context.ExecOnce(b, m.scope, func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
		return family.Forward(m, scope, ids, mask).Last
	}, ids, mask)
	if err != nil {
		t.Fatal(err)
	}
	return values(out)
}

func values(t *tensors.Tensor) (x []float32) {
	tensors.MustConstFlatData(t, func(flat []float32) { x = slices.Clone(flat) })
	return x
}

func maxDifference(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}

// TestAddAndMerge: new adapters change nothing; trained ones do, and merging them
// does not.
func TestAddAndMerge(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) model{"llama": llamaModel, "bert": bertModel} {
		t.Run(name, func(t *testing.T) {
			b, m := testmodel.Go(t), open(t)
			before, count := m.last(t, b), m.scope.NumVariables()
			if err := lora.Add(m.scope, m, 4, 8, rand.New(rand.NewPCG(1, 2))); err != nil {
				t.Fatal(err)
			}
			if n, want := m.scope.NumVariables(), count+2*len(m.Linears()); n != want {
				t.Errorf("%d variables with adapters, want %d", n, want)
			}
			if d := maxDifference(m.last(t, b), before); d > 1e-6 {
				t.Errorf("new adapters change states by %g", d)
			}
			lora.Freeze(m.scope)
			r := rand.New(rand.NewPCG(3, 4))
			for v := range m.scope.IterVariables() {
				if v.Trainable != strings.HasPrefix(v.Name(), "lora_") {
					t.Errorf("%s is trainable: %t", v.ScopeAndName(), v.Trainable)
				}
				if v.Name() == layer.VarLoRAB {
					x := make([]float32, v.Shape().Size())
					for i := range x {
						x[i] = float32(r.NormFloat64() / 10)
					}
					if err := v.SetValue(tensors.FromFlatDataAndDimensions(x, v.Shape().Dimensions...)); err != nil {
						t.Fatal(err)
					}
				}
			}
			trained := m.last(t, b)
			if d := maxDifference(trained, before); d < 0.01 {
				t.Errorf("trained adapters change states by %g only", d)
			}
			if err := lora.Merge(m.scope); err != nil {
				t.Fatal(err)
			}
			if n := m.scope.NumVariables(); n != count {
				t.Errorf("%d variables after merging, want %d", n, count)
			}
			if d := maxDifference(m.last(t, b), trained); d > 5e-5 {
				t.Errorf("merging changes states by %g", d)
			}
		})
	}
}

func TestAddSome(t *testing.T) {
	for _, m := range []model{llamaModel(t), bertModel(t)} {
		for i, name := range m.names {
			if err := lora.Add(m.scope, m, 2, 4, rand.New(rand.NewPCG(1, 2)), name); err != nil {
				t.Fatal(err)
			}
			adapted := 0
			for _, l := range m.Linears() {
				has := family.Scope(m.scope, l.Path).GetVariable(layer.VarLoRAA) != nil
				if has != slices.Contains(m.names[:i+1], l.Name) {
					t.Errorf("%s has an adapter: %t", l.Path, has)
				}
				if has {
					adapted++
				}
			}
			if adapted <= i {
				t.Errorf("%d products have adapters after adding %q", adapted, m.names[:i+1])
			}
		}
	}
}

// TestDeterministic: the same seed gives the same values, evenly spread.
func TestDeterministic(t *testing.T) {
	draw := func() []float32 {
		m := bertModel(t)
		if err := lora.Add(m.scope, m, 16, 32, rand.New(rand.NewPCG(9, 9))); err != nil {
			t.Fatal(err)
		}
		return values(m.scope.GetVariableByScopeAndName("/encoder/layer/0/intermediate/dense", layer.VarLoRAA).MustValue())
	}
	a := draw()
	if !slices.Equal(a, draw()) {
		t.Error("two draws with one seed differ")
	}
	bound := float32(1 / math.Sqrt(36))
	if low, high := slices.Min(a), slices.Max(a); low < -bound || high > bound || low > -0.9*bound || high < 0.9*bound {
		t.Errorf("values lie in %g to %g, want ±%g", low, high, bound)
	}
}

func TestErrors(t *testing.T) {
	m := bertModel(t)
	r := rand.New(rand.NewPCG(1, 2))
	if err := lora.Add(m.scope, m, 1, 1, r, "query"); err != nil {
		t.Fatal(err)
	}
	add := func(scope *context.Context, rank int, alpha float64, names ...string) error {
		return lora.Add(scope, m, rank, alpha, r, names...)
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"rank 0", add(m.scope, 0, 1)},
		{"alpha NaN", add(m.scope, 1, math.NaN())},
		{`"q_proj"`, add(m.scope, 1, 1, "query", "q_proj")},
		{"load the model's weights", add(context.New(), 1, 1)},
		{"an adapter already", add(m.scope, 1, 1)},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
	a := m.scope.GetVariableByScopeAndName("/encoder/layer/0/attention/self/query", layer.VarLoRAB)
	if err := a.SetValue(tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{float32(math.Inf(1))}, 36), 36, 1)); err != nil {
		t.Fatal(err)
	}
	if err := lora.Merge(m.scope); err == nil || !strings.Contains(err.Error(), "diverged") {
		t.Errorf("merging infinity: %v", err)
	}
}
