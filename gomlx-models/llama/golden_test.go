package llama_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/llama"
)

// tolerance is the largest absolute difference to transformers that the tiny
// models may show in hidden states (up to 20) and logits (up to 7).
const tolerance = 1e-4

// loadModel reads the model in dir into a new context.
func loadModel(t testing.TB, dir string) (llama.Config, *context.Context) {
	t.Helper()
	cfg, err := testmodel.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	weights := testmodel.Open(t, filepath.Join(dir, "model.safetensors"))
	scope := context.New()
	if err := cfg.Load(scope, weights); err != nil {
		t.Fatal(err)
	}
	if err := cfg.LoadHead(scope, weights); err != nil {
		t.Fatal(err)
	}
	return cfg, scope
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
				goldens := testmodel.Open(t, filepath.Join(dir, "goldens.safetensors"))
				ids, mask, lengths := goldens.Inputs(t)
				exec, err := context.NewExec(b, scope, func(scope *context.Context, ids, mask *graph.Node) []*graph.Node {
					s := family.Forward(cfg, scope, ids, mask)
					out := []*graph.Node{s.Embedding}
					out = append(out, s.AfterMLP[:cfg.Sizes().Layers()-1]...)
					return append(out, s.Last, cfg.Logits(scope, s.Last))
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
					case cfg.Sizes().Layers():
						part = "last"
					case cfg.Sizes().Layers() + 1:
						part = "logits"
					}
					d := goldens.MaxDifference(t, name+"."+part, got, lengths)
					t.Logf("%s: max abs difference %.2g", part, d)
					if d > tolerance {
						t.Errorf("%s differs by %g, want at most %g", part, d, tolerance)
					}
				}
			})
		})
	}
}
