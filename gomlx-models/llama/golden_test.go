package llama_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/llama"
)

// tolerance is the largest absolute difference to transformers that the tiny
// models may show in hidden states (up to 20) and logits (up to 7).
const tolerance = 1e-4

// open returns a file of testdata; it is closed when the test ends.
func open(t testing.TB, path string) *testmodel.Safetensors {
	t.Helper()
	s, err := testmodel.OpenSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// loadModel reads the model in dir into a new context.
func loadModel(t testing.TB, dir string) (llama.Config, *context.Context) {
	t.Helper()
	cfg, err := testmodel.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	weights := open(t, filepath.Join(dir, "model.safetensors"))
	scope := context.New()
	if err := llama.Load(scope, cfg, weights); err != nil {
		t.Fatal(err)
	}
	if err := llama.LoadHead(scope, cfg, weights); err != nil {
		t.Fatal(err)
	}
	return cfg, scope
}

// padMask returns ids and the padding mask of a golden file as tensors.
func padMask(t testing.TB, goldens *testmodel.Safetensors) (ids, mask *tensors.Tensor, lengths []int32) {
	t.Helper()
	shape, flat, err := goldens.Int32("ids")
	if err != nil {
		t.Fatal(err)
	}
	if _, lengths, err = goldens.Int32("lengths"); err != nil {
		t.Fatal(err)
	}
	m := make([]bool, len(flat))
	for row, n := range lengths {
		for i := range n {
			m[row*shape[1]+int(i)] = true
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, shape...), tensors.FromFlatDataAndDimensions(m, shape...), lengths
}

// maxDiff returns the largest absolute difference between got and the golden
// of the given name, over tokens and not padding; both are [batch, length, n].
func maxDiff(t testing.TB, goldens *testmodel.Safetensors, name string, got *tensors.Tensor, lengths []int32) float64 {
	t.Helper()
	shape, want, err := goldens.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(shape) != fmt.Sprint(got.Shape().Dimensions) {
		t.Fatalf("%s: shape %v, want %v", name, got.Shape().Dimensions, shape)
	}
	worst := 0.0
	tensors.MustConstFlatData(got, func(flat []float32) {
		for row, n := range lengths {
			start := row * shape[1] * shape[2]
			for i := start; i < start+int(n)*shape[2]; i++ {
				d := math.Abs(float64(flat[i]) - float64(want[i]))
				if math.IsNaN(d) {
					d = math.Inf(1)
				}
				worst = max(worst, d)
			}
		}
	})
	return worst
}

// TestTinyGoldens compares every hidden state and the logits with those of
// transformers, for texts of four lengths padded to one.
func TestTinyGoldens(t *testing.T) {
	for _, run := range []struct {
		dir    string
		causal bool
	}{{"tied", true}, {"slimmed", true}, {"slimmed", false}} {
		name := map[bool]string{true: "causal", false: "bidirectional"}[run.causal]
		t.Run(run.dir+"/"+name, func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				dir := filepath.Join("testdata", run.dir)
				cfg, scope := loadModel(t, dir)
				cfg.Causal = run.causal
				goldens := open(t, filepath.Join(dir, "goldens.safetensors"))
				ids, mask, lengths := padMask(t, goldens)
				exec, err := context.NewExec(b, scope, func(scope *context.Context, ids, mask *graph.Node) []*graph.Node {
					s := llama.Forward(scope, cfg, ids, mask)
					out := []*graph.Node{s.Embedding}
					out = append(out, s.AfterMLP[:cfg.Layers()-1]...)
					return append(out, s.Last, llama.Logits(scope, cfg, s.Last))
				})
				if err != nil {
					t.Fatal(err)
				}
				defer exec.Finalize()
				out, err := exec.Exec(ids, mask)
				if err != nil {
					t.Fatal(err)
				}
				for i, got := range out {
					part := fmt.Sprintf("hidden.%d", i)
					switch i {
					case cfg.Layers():
						part = "last"
					case cfg.Layers() + 1:
						part = "logits"
					}
					d := maxDiff(t, goldens, name+"."+part, got, lengths)
					t.Logf("%s: max abs difference %.2g", part, d)
					if d > tolerance {
						t.Errorf("%s differs by %g, want at most %g", part, d, tolerance)
					}
				}
			})
		})
	}
}
