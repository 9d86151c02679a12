package floatmodel

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/gomlx-models/bert"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/llama"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/kernel"
)

func config(t *testing.T, path string) checkpoint.Config {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.ParseConfig(path, data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	tinyLlama = "../../gomlx-models/llama/testdata/slimmed/config.json"
	tinyBERT  = "../../gomlx-models/bert/testdata/slimmed/config.json"
)

func TestOf(t *testing.T) {
	turned := config(t, tinyLlama)
	turned.DroppedAttention = []int{1}
	turned.Embedding = &checkpoint.Embedding{Pooling: checkpoint.PoolMean, Bidirectional: true, MaxTokens: 8}
	want := llama.Config{
		Vocab: 61, Hidden: 36, Heads: 6, KVHeads: 2, HeadDim: 10, Intermediate: []int{40, 0, 24},
		MaxPositions: 64, RopeTheta: 500, RMSEps: 1e-5, Causal: true,
	}
	both := want
	both.Causal, both.DropAttention = false, []int{1}
	for name, c := range map[string]struct {
		config checkpoint.Config
		want   family.Model
	}{
		"llama":                    {config(t, tinyLlama), want},
		"llama in both directions": {turned, both},
		"bert": {config(t, tinyBERT), bert.Config{
			Vocab: 61, Hidden: 36, Heads: 6, Intermediate: []int{40, 0, 24, 16}, DropAttention: []int{2},
			MaxPositions: 24, TypeVocab: 1, LayerNormEps: 1e-12,
		}},
	} {
		got, err := Of(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is %+v, want %+v", name, got, c.want)
		}
	}
	broken := config(t, tinyBERT)
	broken.VocabSize = 0
	if _, err := Of(broken); err == nil || !strings.Contains(err.Error(), "vocab_size") {
		t.Errorf("no vocabulary: %v", err)
	}
}

// specs are the tensors that a configuration demands; loaded collects what was
// asked for.
type specs struct {
	list   []checkpoint.Spec
	loaded []string
}

func (s *specs) Tensor(name string) ([]int, []float32, error) {
	i := slices.IndexFunc(s.list, func(spec checkpoint.Spec) bool { return spec.Name == name })
	if i < 0 {
		return nil, nil, errors.New("not in the checkpoint")
	}
	s.loaded = append(s.loaded, name)
	return s.list[i].Shape, make([]float32, s.list[i].Elements()), nil
}

// TestTensors: the model loads the very tensors of the checkpoint, except for a
// language model's head, which no embedding needs.
func TestTensors(t *testing.T) {
	for _, path := range []string{tinyLlama, tinyBERT} {
		c := config(t, path)
		if len(c.DroppedAttention) == 0 {
			c.DroppedAttention = []int{0}
		}
		m, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		w := &specs{list: c.Tensors()}
		if err := m.Load(context.New(), w); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, s := range w.list {
			if s.Name != "lm_head.weight" {
				want = append(want, s.Name)
			}
		}
		slices.Sort(want)
		slices.Sort(w.loaded)
		if !slices.Equal(w.loaded, want) {
			t.Errorf("%s: the model loads %q, the checkpoint has %q", path, w.loaded, want)
		}
	}
}

// TestFakeQuantise: training sees the weights that a package has.
func TestFakeQuantise(t *testing.T) {
	const n, k = 24, 96
	r := rand.New(rand.NewPCG(4, 4))
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(r.NormFloat64() / 20)
	}
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	out, err := graph.ExecOnce(b, func(w *graph.Node) *graph.Node { return layer.FakeQuantise(w, 4) }, tensors.FromFlatDataAndDimensions(w, n, k))
	if err != nil {
		t.Fatal(err)
	}
	want, other := kernel.UnpackQ4(kernel.PackQ4(w, n, k), n, k), 0
	tensors.MustConstFlatData(out, func(got []float32) {
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-7 {
				other++
			}
		}
	})
	// A weight in the middle between two levels may become either: quotients are
	// of float32 here and of float64 there.
	if other > 2 {
		t.Errorf("%d of %d weights differ from packed ones", other, len(want))
	}
}
