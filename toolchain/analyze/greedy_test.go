package analyze

import (
	"math"
	"slices"
	"testing"

	"github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/floatmodel"
)

// TestGreedy checks each step against all cuts that were possible there, each computed with the
// whole cut model in one graph.
func TestGreedy(t *testing.T) {
	b := goBackend(t)
	config := bertConfig()
	config.Embedding.HeadDims = 0 // the graph below ends with pooling
	m := newTiny(t, config)
	texts := [][]int32{{1, 5, 9, 2}, {7, 7, 30, 31, 32, 2}, {100, 3}}
	vectors := func(dropped ...int) [][]float32 {
		t.Helper()
		cut, err := compress.New(m, compress.Plan{DropMLP: dropped})
		if err != nil {
			t.Fatal(err)
		}
		graph, err := floatmodel.Of(cut.Config())
		if err != nil {
			t.Fatal(err)
		}
		e, err := encoder.New(b, graph, weights{cut}, encoder.WithBuckets(8), encoder.WithSkip(m.config.Embedding.Skip))
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		kind, err := pooling.Parse(m.config.Embedding.Pooling)
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Embed(t.Context(), texts, kind)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tries := 0
	order, err := Greedy(t.Context(), b, m, texts, GreedyOptions{Unit: MLP, Most: 3, BatchTokens: 64, Progress: func(done, total int) {
		if tries++; done != tries || total != 4+3+2 {
			t.Errorf("progress %d of %d at try %d", done, total, tries)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	whole, dropped := vectors(), []int{}
	for step, s := range order {
		for _, layer := range []int{0, 2, 3, 5} {
			if slices.Contains(dropped, layer) {
				continue
			}
			lost := meanDistance(whole, vectors(append(slices.Clone(dropped), layer)...))
			if lost < s.Importance-1e-5 {
				t.Errorf("step %d drops %d, which loses %g; %d loses only %g", step, s.Layer, s.Importance, layer, lost)
			}
			if layer == s.Layer && math.Abs(lost-s.Importance) > 1e-5 {
				t.Errorf("step %d: dropping %d loses %g, its score is %g", step, layer, lost, s.Importance)
			}
		}
		dropped = append(dropped, s.Layer)
	}
	for _, o := range []GreedyOptions{{Unit: MLP}, {Unit: MLP, Most: 5}, {Unit: Block, Most: 1}} {
		if _, err := Greedy(t.Context(), b, m, texts, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
