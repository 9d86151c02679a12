package bert_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/bert"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/pooling"
)

// loadModel reads the model in dir into a new context.
func loadModel(t testing.TB, dir string) (bert.Config, *context.Context) {
	t.Helper()
	cfg, err := testmodel.ReadBERTConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	scope := context.New()
	if err := cfg.Load(scope, testmodel.Open(t, filepath.Join(dir, "model.safetensors"))); err != nil {
		t.Fatal(err)
	}
	return cfg, scope
}

// run executes a graph of ids and mask.
func run(t testing.TB, b backends.Backend, scope *context.Context, ids, mask any,
	f func(scope *context.Context, ids, mask *graph.Node) []*graph.Node) []*tensors.Tensor {
	t.Helper()
	out, err := context.ExecOnceN(b, scope, f, ids, mask)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTinyGoldens compares the residual stream after every sub-layer with that
// of transformers, for texts of four lengths padded to one; "slimmed" lacks an
// MLP and an attention, and its other MLPs have widths of their own.
func TestTinyGoldens(t *testing.T) {
	for _, name := range []string{"full", "slimmed"} {
		t.Run(name, func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				const tolerance = 2e-5 // absolute, of states up to 6
				dir := filepath.Join("testdata", name)
				cfg, scope := loadModel(t, dir)
				goldens := testmodel.Open(t, filepath.Join(dir, "goldens.safetensors"))
				ids, mask, lengths := goldens.Inputs(t)
				var names []string
				out := run(t, b, scope, ids, mask, func(scope *context.Context, ids, mask *graph.Node) []*graph.Node {
					s := family.Forward(cfg, scope, ids, mask)
					names = []string{"embedding"}
					list := []*graph.Node{s.Embedding}
					for i := range s.AfterMLP {
						names = append(names, fmt.Sprintf("attention.%d", i), fmt.Sprintf("output.%d", i))
						list = append(list, s.AfterAttention[i], s.AfterMLP[i])
					}
					names = append(names, names[len(names)-1]) // nothing follows the last layer
					return append(list, s.Last)
				})
				for i, got := range out {
					d := goldens.MaxDifference(t, names[i], got, lengths)
					t.Logf("%s: max abs difference %.2g", names[i], d)
					if d > tolerance {
						t.Errorf("%s differs by %g, want at most %g", names[i], d, tolerance)
					}
				}
			})
		})
	}
}

// TestBGESmallGoldens runs the real model on XLA.
func TestBGESmallGoldens(t *testing.T) {
	const tolerance = 2e-5 // absolute, of states up to 3
	dir := testmodel.BGESmall(t)
	b := testmodel.XLA(t)
	cfg, scope := loadModel(t, dir)
	defer scope.Finalize()
	goldens := testmodel.Open(t, filepath.Join("testdata", "bge-small.safetensors"))
	ids, mask, _ := goldens.Inputs(t)
	out := run(t, b, scope, ids, mask, func(scope *context.Context, ids, mask *graph.Node) []*graph.Node {
		s := family.Forward(cfg, scope, ids, mask)
		first := pooling.First(s.Last, mask)
		return []*graph.Node{
			first, pooling.Last(s.Last, mask),
			pooling.First(s.AfterMLP[len(s.AfterMLP)/2-1], mask), pooling.Normalize(first),
		}
	})
	for i, name := range []string{"first", "last", "middle", "cls"} {
		_, want, err := goldens.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		tensors.MustConstFlatData(out[i], func(got []float32) {
			for j := range want {
				worst = max(worst, testmodel.Difference(got[j], want[j]))
			}
		})
		t.Logf("%s: max abs difference %.2g", name, worst)
		if worst > tolerance {
			t.Errorf("%s differs by %g, want at most %g", name, worst, tolerance)
		}
	}
}
