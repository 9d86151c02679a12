package analyze

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/floatmodel"
)

// TestImportance holds the streamed measurement against the definition: all states of the whole
// model, one sequence at a time without padding, cosines in float64.
func TestImportance(t *testing.T) {
	b := goBackend(t)
	for _, config := range []checkpoint.Config{llamaConfig(), bertConfig()} {
		t.Run(config.ModelType, func(t *testing.T) {
			m := newTiny(t, config)
			got, err := Importance(t.Context(), b, m, sequences(), Options{Dir: filepath.Join(t.TempDir(), "work"), BatchTokens: 40})
			if err != nil {
				t.Fatal(err)
			}
			want := byDefinition(t, b, m)
			for _, unit := range Units {
				scores := got[unit]
				if !slices.IsSortedFunc(scores, func(a, b Score) int { return int(math.Copysign(1, a.Importance-b.Importance)) }) {
					t.Errorf("%s is not in order: %v", unit, scores)
				}
				if len(scores) != len(want[unit]) {
					t.Errorf("%s has scores of %d layers, want %d", unit, len(scores), len(want[unit]))
				}
				for _, s := range scores {
					if exact, ok := want[unit][s.Layer]; !ok || math.Abs(s.Importance-exact) > 1e-6 {
						t.Errorf("%s of layer %d: %.8f, want %.8f", unit, s.Layer, s.Importance, exact)
					}
				}
			}
			for name, times := range m.reads {
				if times > 2 { // by the analysis and by the definition
					t.Errorf("tensor %s was read %d times", name, times)
				}
			}
		})
	}
}

// byDefinition computes all importances from the whole model's states.
func byDefinition(t *testing.T, b backends.Backend, m *tiny) map[Unit]map[int]float64 {
	t.Helper()
	f, err := floatmodel.Of(m.config)
	if err != nil {
		t.Fatal(err)
	}
	scope := mlcontext.New()
	defer scope.Finalize()
	if err := f.Load(scope, weights{m}); err != nil {
		t.Fatal(err)
	}
	exec, err := mlcontext.NewExecAny(b, scope, func(scope *mlcontext.Context, inputs []*graph.Node) []*graph.Node {
		s := family.Forward(f, scope, inputs[0], inputs[1])
		return slices.Concat([]*graph.Node{s.Embedding}, s.AfterAttention, s.AfterMLP)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	layers := m.config.NumHiddenLayers
	sums := map[Unit]map[int]float64{Attention: {}, MLP: {}, Block: {}}
	tokens := 0.0
	for _, ids := range sequences() {
		out, err := exec.Exec(tensors.FromFlatDataAndDimensions(ids, 1, len(ids)), tensors.FromFlatDataAndDimensions(slices.Repeat([]bool{true}, len(ids)), 1, len(ids)))
		if err != nil {
			t.Fatal(err)
		}
		states := make([][]float32, len(out))
		for i := range out {
			tensors.MustConstFlatData(out[i], func(x []float32) { states[i] = slices.Clone(x) })
		}
		tokens += float64(len(ids))
		in := states[0]
		for layer := range layers {
			attended, out := states[1+layer], states[1+layers+layer]
			sums[Block][layer] += distances(in, out)
			if compress.HasAttention(m.config, layer) {
				sums[Attention][layer] += distances(in, attended)
			}
			if compress.HasMLP(m.config, layer) {
				sums[MLP][layer] += distances(attended, out)
			}
			in = out
		}
	}
	for _, sum := range sums {
		for layer := range sum {
			sum[layer] /= tokens
		}
	}
	return sums
}

// distances sums 1 - cos over tokens of width 16.
func distances(a, b []float32) float64 {
	total := 0.0
	for at := 0; at < len(a); at += 16 {
		var dot, aa, bb float64
		for i := at; i < at+16; i++ {
			x, y := float64(a[i]), float64(b[i])
			dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
		}
		total += 1 - dot/math.Sqrt(aa*bb)
	}
	return total
}

// TestResume: an analysis that is cancelled again and again goes on where it was, and its result is
// that of one that was not.
func TestResume(t *testing.T) {
	b := goBackend(t)
	m := newTiny(t, llamaConfig())
	dir := t.TempDir()
	options := Options{Dir: filepath.Join(dir, "straight"), BatchTokens: 24}
	want, err := Importance(t.Context(), b, m, sequences(), options)
	if err != nil {
		t.Fatal(err)
	}
	clear(m.reads)
	options.Dir = filepath.Join(dir, "resumed")
	var got map[Unit][]Score
	runs := 0
	for got == nil {
		if runs++; runs > 20 {
			t.Fatal("it never ends")
		}
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		options.Progress = func(done, total int) {
			if steps++; steps > 6 { // in the second layer at the latest
				cancel()
			}
		}
		if got, err = Importance(ctx, b, m, sequences(), options); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("resumed %v, want %v", got, want)
	}
	if runs < 3 {
		t.Errorf("only %d runs: nothing was resumed", runs)
	}
	if times := m.reads["model.embed_tokens.weight"]; times != 1 {
		t.Errorf("the embedding was read %d times, though its result is kept", times)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

// TestResumeDistrusts: what is there of another model or text, or is damaged, is not used.
func TestResumeDistrusts(t *testing.T) {
	b := goBackend(t)
	m := newTiny(t, llamaConfig())
	dir := filepath.Join(t.TempDir(), "work")
	stop := func(sequences [][]int32) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := Importance(ctx, b, m, sequences, Options{Dir: dir, BatchTokens: 24, Progress: func(done, total int) {
			if done > total/2 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	want, err := Importance(t.Context(), b, m, sequences(), Options{Dir: dir, BatchTokens: 24})
	if err != nil {
		t.Fatal(err)
	}
	for name, prepare := range map[string]func(){
		"other text": func() { stop(sequences()[1:]) },
		"damaged progress": func() {
			stop(sequences())
			if err := os.WriteFile(filepath.Join(dir, "progress.json"), []byte(`{"next":3`), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"states missing": func() {
			stop(sequences())
			files, _ := filepath.Glob(filepath.Join(dir, "states-*"))
			for _, f := range files {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		prepare()
		got, err := Importance(t.Context(), b, m, sequences(), Options{Dir: dir, BatchTokens: 24})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, want)
		}
	}
	stop(sequences())
	files, _ := filepath.Glob(filepath.Join(dir, "states-*"))
	if err := os.Truncate(files[0], 12); err != nil {
		t.Fatal(err)
	}
	if _, err := Importance(t.Context(), b, m, sequences(), Options{Dir: dir, BatchTokens: 24}); err == nil || !strings.Contains(err.Error(), "12 bytes") {
		t.Errorf("cut states: %v", err)
	}
}

func TestImportanceRefuses(t *testing.T) {
	b := goBackend(t)
	m := newTiny(t, llamaConfig())
	damaged := newTiny(t, llamaConfig())
	damaged.tensors["model.layers.2.mlp.up_proj.weight"].Data[3] = float32(math.NaN())
	silent := newTiny(t, llamaConfig())
	clear(silent.tensors["model.embed_tokens.weight"].Data)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		m         *tiny
		sequences [][]int32
		dir       string
	}{
		"no calibration text": {m, nil, ""},
		"sequence 1 has no":   {m, [][]int32{{1}, {}}, ""},
		"has token 256":       {m, [][]int32{{256}}, ""},
		"has 33 tokens":       {m, [][]int32{make([]int32, 33)}, ""},
		"thesis.tex":          {m, sequences(), other},
		"value 3 is NaN":      {damaged, sequences(), ""},
		"zero or not finite":  {silent, sequences(), ""},
	} {
		if c.dir == "" {
			c.dir = filepath.Join(t.TempDir(), "work")
		}
		if _, err := Importance(t.Context(), b, c.m, c.sequences, Options{Dir: c.dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(other, "thesis.tex")); err != nil {
		t.Errorf("a file of the user's is gone: %v", err)
	}
}
