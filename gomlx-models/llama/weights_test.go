package llama

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/gomlx-models/family"
)

// memoryWeights are tensors in memory.
type memoryWeights map[string]memoryTensor

type memoryTensor struct {
	shape []int
	data  []float32
}

func (w memoryWeights) Tensor(name string) ([]int, []float32, error) {
	t, ok := w[name]
	if !ok {
		return nil, nil, errors.New("no such tensor")
	}
	return t.shape, t.data, nil
}

// randomWeights draws all tensors of cfg, lm_head included.
func randomWeights(cfg Config, seed uint64) memoryWeights {
	r := rand.New(rand.NewPCG(seed, 0))
	w := memoryWeights{}
	list := []family.Tensor{{Name: "lm_head.weight", Shape: []int{cfg.Vocab, cfg.Hidden}}}
	for part := family.PartFinal; int(part) < len(cfg.Intermediate); part++ {
		tensors, err := cfg.tensors(part)
		if err != nil {
			panic(err)
		}
		list = append(list, tensors...)
	}
	for _, p := range list {
		size := 1
		for _, n := range p.Shape {
			size *= n
		}
		data := make([]float32, size)
		for i := range data {
			data[i] = float32(r.NormFloat64() / math.Sqrt(float64(p.Shape[len(p.Shape)-1])))
			if len(p.Shape) == 1 {
				data[i] = float32(0.5 + r.Float64())
			}
		}
		w[p.Name] = memoryTensor{p.Shape, data}
	}
	return w
}

func TestLoad(t *testing.T) {
	cfg := validConfig()
	w := randomWeights(cfg, 1)
	scope := context.New()
	if err := cfg.Load(scope, w); err != nil {
		t.Fatal(err)
	}
	// Layer 1 has no MLP and no norm before it: 1 + 9 + 5 + 1 tensors.
	if n := scope.NumVariables(); n != 16 {
		t.Errorf("%d variables, want 16", n)
	}
	v := scope.GetVariableByScopeAndName("/model/layers/0/mlp/down_proj", "weight")
	if v == nil || fmt.Sprint(v.Shape().Dimensions) != "[8 5]" || !v.Trainable {
		t.Errorf("down_proj of layer 0 is %v, want a trainable variable [8 5]", v)
	}
	if err := cfg.LoadHead(scope, w); err != nil {
		t.Fatal(err)
	}
	if n := scope.NumVariables(); n != 17 {
		t.Errorf("%d variables with the head, want 17", n)
	}
	tied := cfg
	tied.Tied = true
	if err := tied.LoadHead(context.New(), memoryWeights{}); err != nil {
		t.Errorf("head of a tied model: %v", err)
	}
}

func TestLoadParts(t *testing.T) {
	cfg := validConfig()
	cfg.DropAttention = []int{1}
	w := randomWeights(cfg, 1)
	for _, c := range []struct {
		parts []family.Part
		want  int
	}{
		{nil, 1 + 9 + 0 + 1},
		{[]family.Part{family.PartEmbedding}, 1},
		{[]family.Part{family.PartFinal}, 1},
		{[]family.Part{0}, 9},
		{[]family.Part{1}, 0}, // neither attention nor MLP, so no norms either
	} {
		scope := context.New()
		if err := cfg.Load(scope, w, c.parts...); err != nil {
			t.Fatal(err)
		}
		if n := scope.NumVariables(); n != c.want {
			t.Errorf("parts %v: %d variables, want %d", c.parts, n, c.want)
		}
	}
	if err := cfg.Load(context.New(), w, 2); err == nil || !strings.Contains(err.Error(), "2 layers") {
		t.Errorf("part 2: %v", err)
	}
}

// TestDropAttention: a layer without attention computes what one does whose
// attention writes zeros.
func TestDropAttention(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	last := func(cfg Config, w memoryWeights) [][][]float32 {
		scope := context.New()
		if err := cfg.Load(scope, w); err != nil {
			t.Fatal(err)
		}
		out, err := context.ExecOnce(b, scope, func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
			return family.Forward(cfg, scope, ids, mask).Last
		}, [][]int32{{1, 2, 9}}, [][]bool{{true, true, true}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Value().([][][]float32)
	}
	cfg := validConfig()
	w := randomWeights(cfg, 1)
	full := last(cfg, w)
	clear(w["model.layers.0.self_attn.o_proj.weight"].data)
	zeroed := last(cfg, w)
	cfg.DropAttention = []int{0}
	if got := last(cfg, w); fmt.Sprint(got) != fmt.Sprint(zeroed) || fmt.Sprint(got) == fmt.Sprint(full) {
		t.Errorf("without attention: %v\nwith attention of zeros: %v\nwith attention: %v", got, zeroed, full)
	}
}

// TestLoadCopies: whoever provides the weights may overwrite its slices.
func TestLoadCopies(t *testing.T) {
	cfg := validConfig()
	w := randomWeights(cfg, 1)
	want := w["model.norm.weight"].data[3]
	scope := context.New()
	if err := cfg.Load(scope, w); err != nil {
		t.Fatal(err)
	}
	w["model.norm.weight"].data[3] = 77
	got := scope.GetVariableByScopeAndName("/model/norm", "weight").MustValue().Value().([]float32)[3]
	if got != want {
		t.Errorf("the variable changed with the loader's slice: %g, want %g", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	const name = "model.layers.1.self_attn.k_proj.weight"
	for _, c := range []struct {
		want   string
		change func(memoryWeights)
	}{
		{"no such tensor", func(w memoryWeights) { delete(w, name) }},
		{"shape [8 12], want [12 8]", func(w memoryWeights) { w[name] = memoryTensor{[]int{8, 12}, w[name].data} }},
		{"95 values", func(w memoryWeights) { w[name] = memoryTensor{w[name].shape, w[name].data[1:]} }},
		{"value 5 is NaN", func(w memoryWeights) { w[name].data[5] = float32(math.NaN()) }},
		{"value 6 is +Inf", func(w memoryWeights) { w[name].data[6] = float32(math.Inf(1)) }},
	} {
		w := randomWeights(validConfig(), 1)
		c.change(w)
		err := validConfig().Load(context.New(), w)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q and %q", err, name, c.want)
		}
	}
	if err := (Config{}).Load(context.New(), memoryWeights{}); err == nil {
		t.Error("no error for an empty config")
	}
	scope := context.New()
	w := randomWeights(validConfig(), 1)
	if err := validConfig().Load(scope, w); err != nil {
		t.Fatal(err)
	}
	if err := validConfig().Load(scope, w); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second load into the same scope: %v", err)
	}
}

// TestForwardErrors: misuse is an error of the executor, not a crash.
func TestForwardErrors(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	cfg := validConfig()
	loaded := context.New()
	if err := cfg.Load(loaded, randomWeights(cfg, 1)); err != nil {
		t.Fatal(err)
	}
	wider := cfg
	wider.Intermediate = []int{6, 0}
	ids, mask := [][]int32{{1, 2}}, [][]bool{{true, true}}
	for _, c := range []struct {
		name      string
		scope     *context.Context
		cfg       Config
		ids, mask any
		want      string
	}{
		{"not loaded", context.New(), cfg, ids, mask, "load the weights first"},
		{"other config", loaded, wider, ids, mask, "want [6 8]"},
		{"invalid config", loaded, Config{}, ids, mask, "Vocab"},
		{"float ids", loaded, cfg, [][]float32{{1, 2}}, mask, "want integers"},
		{"short mask", loaded, cfg, ids, [][]bool{{true}}, "want bool [1 2]"},
		{"integer mask", loaded, cfg, ids, ids, "want bool"},
	} {
		_, err := context.ExecOnce(b, c.scope, func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
			return family.Forward(c.cfg, scope, ids, mask).Last
		}, c.ids, c.mask)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
