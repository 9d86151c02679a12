package analyze

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// TestStreamedEmbed: texts embedded layer by layer get the vectors of the model run as a whole from
// a checkpoint on disk, in both families, with and without head.
func TestStreamedEmbed(t *testing.T) {
	b := goBackend(t)
	llama := llamaConfig()
	llama.Embedding = &checkpoint.Embedding{Pooling: checkpoint.PoolLast, Normalize: true, QueryPrefix: "q: ", MaxTokens: 20}
	bert := bertConfig()
	bert.Embedding.Pooling, bert.Embedding.Skip = checkpoint.PoolCLS, 0
	skipping := bertConfig()
	texts := []string{"a text", "", "a longer text that is cut", "ab", "another text"}
	for name, config := range map[string]checkpoint.Config{"llama": llama, "bert, cls": bert, "bert, mean": skipping} {
		m := newTiny(t, config)
		// A part is dropped, as the effect's measurement does.
		cut, err := compress.New(m, compress.Plan{DropMLP: []int{3}, DropBlocks: []int{0}})
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := compress.Write(t.Context(), dir, cut, nil); err != nil {
			t.Fatal(err)
		}
		stored, err := checkpoint.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer stored.Close()
		whole, err := evaluate.OpenFloat(b, stored, evaluate.FloatOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer whole.Close()
		r, err := reader.New(cut, 0)
		if err != nil {
			t.Fatal(err)
		}
		parts := newRunner(b)
		defer parts.close()
		streaming := &streamed{runner: parts, model: cut, reader: r, tokens: 40}
		for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
			want, err := whole.Embed(t.Context(), texts, kind)
			if err != nil {
				t.Fatal(err)
			}
			got, err := streaming.Embed(t.Context(), texts, kind)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if len(got[i]) != len(want[i]) {
					t.Fatalf("%s: text %d has %d dims, want %d", name, i, len(got[i]), len(want[i]))
				}
				for j := range want[i] {
					if math.Abs(float64(got[i][j]-want[i][j])) > 1e-5 {
						t.Fatalf("%s, kind %v: text %d: %v, want %v", name, kind, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// set is a retrieval set whose queries are documents with a word less.
func set() *corpus.Dataset {
	data := &corpus.Dataset{Name: "set", Qrels: corpus.Qrels{}}
	for i, text := range []string{"red apples grow", "blue birds sing", "green frogs jump", "old stones rest", "tall trees bend"} {
		id := string(rune('a' + i))
		data.Corpus = append(data.Corpus, corpus.Passage{ID: id, Text: text})
		data.Queries = append(data.Queries, corpus.Query{ID: "q" + id, Text: text[:strings.LastIndex(text, " ")]})
		data.Qrels["q"+id] = map[string]int{id: 1}
	}
	return data
}

func effectModel(t *testing.T) (*tiny, *Analysis) {
	config := bertConfig()
	config.IntermediateSizes, config.IntermediateSize, config.DroppedAttention = nil, 24, nil
	a := &Analysis{Model: "tiny", ModelType: config.ModelType, Layers: 6, Importance: map[Unit][]Score{}}
	for _, unit := range Units {
		for i, layer := range []int{4, 2, 0, 5, 1, 3} {
			a.Importance[unit] = append(a.Importance[unit], Score{layer, float64(i+1) / 10})
		}
	}
	return newTiny(t, config), a
}

// TestMeasureEffect compares each point with an evaluation of the cut model stored on disk.
func TestMeasureEffect(t *testing.T) {
	b := goBackend(t)
	m, a := effectModel(t)
	saved := 0
	err := MeasureEffect(t.Context(), b, m, a, set(), EffectOptions{Units: []Unit{MLP, Block}, Step: 3, Most: 9}, func() error { saved++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []Curve{{Unit: MLP}, {Unit: Block}}
	for i, c := range []struct {
		dropped []int
		plan    func(layers []int) compress.Plan
	}{
		{[]int{0, 3, 6}, func(layers []int) compress.Plan { return compress.Plan{DropMLP: layers} }},
		{[]int{0, 3}, func(layers []int) compress.Plan { return compress.Plan{DropBlocks: layers} }},
	} {
		for _, n := range c.dropped {
			cut, err := compress.New(m, c.plan(a.Order(want[i].Unit)[:n]))
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "cut")
			if err := compress.Write(t.Context(), dir, cut, nil); err != nil {
				t.Fatal(err)
			}
			stored, err := checkpoint.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer stored.Close()
			whole, err := evaluate.OpenFloat(b, stored, evaluate.FloatOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer whole.Close()
			systems, err := evaluate.Systems(t.Context(), set(), []evaluate.Model{{Name: "x", Queries: whole, Float: true}}, evaluate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want[i].Points = append(want[i].Points, Point{n, systems[1].Mean.NDCG10})
		}
	}
	if !reflect.DeepEqual(a.Effect.Curves, want) {
		t.Errorf("curves are %+v, want %+v", a.Effect.Curves, want)
	}
	if saved != 5 || a.Effect.Data != "set" || a.Effect.Queries != 5 || a.Effect.Documents != 5 {
		t.Errorf("saved %d times, %+v", saved, a.Effect)
	}
	whole := want[0].Points[0].NDCG10
	if want[0].Points[1].NDCG10 == whole && want[0].Points[2].NDCG10 == whole && want[1].Points[1].NDCG10 == whole {
		t.Error("dropping changes nothing: the test tells nothing")
	}
}

// TestMeasureEffectGoesOn: what was measured is kept after an interruption, and forgotten for another
// set.
func TestMeasureEffectGoesOn(t *testing.T) {
	b := goBackend(t)
	m, a := effectModel(t)
	stop := errors.New("stop")
	saved := 0
	err := MeasureEffect(t.Context(), b, m, a, set(), EffectOptions{}, func() error {
		if saved++; saved == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	clear(m.reads)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := MeasureEffect(ctx, b, m, a, set(), EffectOptions{Units: []Unit{Attention}, Most: 2}, func() error { return nil }); err != nil {
		t.Errorf("points that are there were measured again: %v", err)
	}
	if len(m.reads) > 0 {
		t.Errorf("%d tensors were read for points that are there", len(m.reads))
	}
	if err := MeasureEffect(ctx, b, m, a, set(), EffectOptions{}, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	other := set()
	other.Name = "other"
	if err := MeasureEffect(t.Context(), b, m, a, other, EffectOptions{Units: []Unit{MLP}, Most: 1}, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if len(a.Effect.Curves) != 1 || len(a.Effect.Curves[0].Points) != 2 || a.Effect.Data != "other" {
		t.Errorf("after another set: %+v", a.Effect)
	}
}
