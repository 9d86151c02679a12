package bert

import (
	"errors"
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

// randomWeights draws all tensors of cfg.
func randomWeights(cfg Config, seed uint64) memoryWeights {
	r := rand.New(rand.NewPCG(seed, 0))
	w := memoryWeights{}
	for part := family.PartFinal; int(part) < len(cfg.Intermediate); part++ {
		list, err := cfg.tensors(part)
		if err != nil {
			panic(err)
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
	}
	return w
}

func TestLoadParts(t *testing.T) {
	cfg := validConfig()
	w := randomWeights(cfg, 1)
	for _, c := range []struct {
		parts []family.Part
		want  int
	}{
		{nil, 5 + 16 + (2 + 6) + (10 + 2)},
		{[]family.Part{family.PartEmbedding}, 5},
		{[]family.Part{0}, 16},
		{[]family.Part{1}, 8},  // no attention: its norm, two matrices and a norm
		{[]family.Part{2}, 12}, // no MLP: eight of attention, its norm and the MLP's
		{[]family.Part{family.PartFinal}, 0},
		{[]family.Part{2, 0}, 28},
	} {
		scope := context.New()
		if err := cfg.Load(scope, w, c.parts...); err != nil {
			t.Fatal(err)
		}
		if n := scope.NumVariables(); n != c.want {
			t.Errorf("parts %v: %d variables, want %d", c.parts, n, c.want)
		}
	}
	if err := cfg.Load(context.New(), w, 3); err == nil || !strings.Contains(err.Error(), "3 layers") {
		t.Errorf("part 3: %v", err)
	}
	delete(w, "encoder.layer.2.output.LayerNorm.bias")
	if err := cfg.Load(context.New(), w); err == nil || !strings.Contains(err.Error(), "encoder.layer.2.output.LayerNorm.bias") {
		t.Errorf("missing tensor: %v", err)
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
	wider.Intermediate = []int{6, 4, 0}
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
		{"too long", loaded, cfg, [][]int32{make([]int32, 8)}, [][]bool{make([]bool, 8)}, "7 positions"},
	} {
		_, err := context.ExecOnce(b, c.scope, func(scope *context.Context, ids, mask *graph.Node) *graph.Node {
			return family.Forward(c.cfg, scope, ids, mask).Last
		}, c.ids, c.mask)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
