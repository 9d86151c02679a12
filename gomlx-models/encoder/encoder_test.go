package encoder_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/internal/testmodel"
	"github.com/effir/effir/gomlx-models/pooling"
)

const testdata = "../llama/testdata"

func openFile(t testing.TB, path string) *testmodel.Safetensors {
	t.Helper()
	s, err := testmodel.OpenSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// newEncoder opens the model in dir.
func newEncoder(t testing.TB, b backends.Backend, dir string, opts ...encoder.Option) *encoder.Encoder {
	t.Helper()
	cfg, err := testmodel.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := encoder.New(b, cfg, openFile(t, filepath.Join(dir, "model.safetensors")), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func goBackend(t testing.TB) backends.Backend {
	t.Helper()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// goldenTexts returns the unpadded ids of a golden file.
func goldenTexts(t testing.TB, goldens *testmodel.Safetensors) [][]int32 {
	t.Helper()
	shape, flat, err := goldens.Int32("ids")
	if err != nil {
		t.Fatal(err)
	}
	_, lengths, err := goldens.Int32("lengths")
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]int32
	for row, n := range lengths {
		texts = append(texts, flat[row*shape[1]:row*shape[1]+int(n)])
	}
	return texts
}

// rows returns a golden float32 [rows, width], each row divided by its norm.
func rows(t testing.TB, goldens *testmodel.Safetensors, name string) [][]float32 {
	t.Helper()
	shape, flat, err := goldens.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]float32
	for row := range slices.Chunk(flat, shape[1]) {
		sum := 0.0
		for _, x := range row {
			sum += float64(x) * float64(x)
		}
		for i := range row {
			row[i] = float32(float64(row[i]) / math.Sqrt(sum))
		}
		list = append(list, row)
	}
	return list
}

// wantVectors fails unless got equals want to within tolerance.
func wantVectors(t *testing.T, got, want [][]float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d vectors, want %d", len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("vector %d has length %d, want %d", i, len(got[i]), len(want[i]))
		}
		for j := range want[i] {
			d := math.Abs(float64(got[i][j]) - float64(want[i][j]))
			if !(d <= tolerance) {
				t.Fatalf("vector %d, component %d: %g, want %g", i, j, got[i][j], want[i][j])
			}
			worst = max(worst, d)
		}
	}
	t.Logf("max abs difference %.2g", worst)
}

func TestEmbedTinyGoldens(t *testing.T) {
	for _, dir := range []string{"tied", "slimmed"} {
		t.Run(dir, func(t *testing.T) {
			testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
				goldens := openFile(t, filepath.Join(testdata, dir, "goldens.safetensors"))
				// The shorter texts share a batch with a filler row, the others
				// have one each.
				e := newEncoder(t, b, filepath.Join(testdata, dir), encoder.WithBuckets(30, 10), encoder.WithBatchTokens(30))
				for kind, name := range map[pooling.Kind]string{pooling.KindMean: "causal.mean", pooling.KindLast: "causal.eos"} {
					got, err := e.Embed(t.Context(), goldenTexts(t, goldens), kind)
					if err != nil {
						t.Fatal(err)
					}
					wantVectors(t, got, rows(t, goldens, name), 1e-5)
				}
			})
		})
	}
}

func TestEmbedSmolLM2Goldens(t *testing.T) {
	dir := testmodel.SmolLM2(t)
	goldens := openFile(t, filepath.Join(testdata, "smollm2.safetensors"))
	e := newEncoder(t, testmodel.XLA(t), dir, encoder.WithBuckets(32, 128), encoder.WithBatchTokens(256))
	for kind, name := range map[pooling.Kind]string{pooling.KindMean: "mean", pooling.KindLast: "last"} {
		got, err := e.Embed(t.Context(), goldenTexts(t, goldens), kind)
		if err != nil {
			t.Fatal(err)
		}
		wantVectors(t, got, rows(t, goldens, name), 1e-5)
	}
}

// TestEmbedIndependent: a text's vector depends neither on its bucket nor on
// the texts beside it.
func TestEmbedIndependent(t *testing.T) {
	b := goBackend(t)
	goldens := openFile(t, filepath.Join(testdata, "tied", "goldens.safetensors"))
	texts := goldenTexts(t, goldens)
	together := newEncoder(t, b, filepath.Join(testdata, "tied"), encoder.WithBuckets(64))
	alone := newEncoder(t, b, filepath.Join(testdata, "tied"), encoder.WithBuckets(24, 17, 9, 1), encoder.WithBatchTokens(1))
	want, err := together.Embed(t.Context(), texts, pooling.KindMean)
	if err != nil {
		t.Fatal(err)
	}
	got, err := alone.Embed(t.Context(), texts, pooling.KindMean)
	if err != nil {
		t.Fatal(err)
	}
	wantVectors(t, got, want, 1e-6)
}

func TestEmbedConcurrent(t *testing.T) {
	testmodel.EachBackend(t, func(t *testing.T, b backends.Backend) {
		goldens := openFile(t, filepath.Join(testdata, "tied", "goldens.safetensors"))
		texts := goldenTexts(t, goldens)
		e := newEncoder(t, b, filepath.Join(testdata, "tied"), encoder.WithBuckets(8, 24))
		results := make([][][]float32, 4)
		errs := make([]error, len(results))
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i], errs[i] = e.Embed(t.Context(), texts, pooling.KindMean) })
		}
		wg.Wait()
		for i := range results {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			wantVectors(t, results[i], rows(t, goldens, "causal.mean"), 1e-5)
		}
	})
}

func TestEmbedProgressAndCancel(t *testing.T) {
	var done []int
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := newEncoder(t, goBackend(t), filepath.Join(testdata, "tied"),
		encoder.WithBuckets(4), encoder.WithBatchTokens(8),
		encoder.WithProgress(func(n, total int) {
			done = append(done, n, total)
			if n == 4 {
				cancel()
			}
		}))
	texts := slices.Repeat([][]int32{{1, 2, 3}}, 5)
	if _, err := e.Embed(t.Context(), texts[:3], pooling.KindMean); err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 3, 3, 3}; !slices.Equal(done, want) {
		t.Errorf("progress %v, want %v", done, want)
	}
	if _, err := e.Embed(ctx, texts, pooling.KindMean); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after four texts: %v, want context.Canceled", err)
	}
	if got, err := e.Embed(t.Context(), nil, pooling.KindMean); err != nil || len(got) != 0 {
		t.Errorf("no texts: %v, %v", got, err)
	}
}

func TestEmbedErrors(t *testing.T) {
	e := newEncoder(t, goBackend(t), filepath.Join(testdata, "tied"), encoder.WithBuckets(4))
	for _, c := range []struct {
		text []int32
		kind pooling.Kind
		want string
	}{
		{[]int32{}, pooling.KindMean, "text 1 has no tokens"},
		{[]int32{1, 2, 3, 4, 5}, pooling.KindMean, "longest bucket, 4"},
		{[]int32{97}, pooling.KindMean, "token 97"},
		{[]int32{-1}, pooling.KindLast, "token -1"},
		{[]int32{1}, pooling.Kind(9), "Kind(9)"},
	} {
		got, err := e.Embed(t.Context(), [][]int32{{1}, c.text}, c.kind)
		if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Embed(%v): %v, %v; want an error with %q", c.text, got, err, c.want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	dir := filepath.Join(testdata, "tied")
	cfg, err := testmodel.ReadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	wider := cfg
	wider.Hidden++
	for _, c := range []struct {
		want string
		opt  encoder.Option
	}{
		{"buckets", encoder.WithBuckets()},
		{"buckets", encoder.WithBuckets(32, 0)},
		{"tokens per batch", encoder.WithBatchTokens(0)},
		{"model.embed_tokens.weight", encoder.WithBuckets(8)},
	} {
		_, err := encoder.New(goBackend(t), wider, openFile(t, filepath.Join(dir, "model.safetensors")), c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// BenchmarkEmbedSmolLM2 reports the forward speed of the real model, padding
// included.
func BenchmarkEmbedSmolLM2(b *testing.B) {
	dir := testmodel.SmolLM2(b)
	const length, tokens = 128, 1024
	e := newEncoder(b, testmodel.XLA(b), dir, encoder.WithBuckets(length), encoder.WithBatchTokens(tokens))
	text := make([]int32, length)
	for i := range text {
		text[i] = int32(i * 37)
	}
	texts := slices.Repeat([][]int32{text}, tokens/length)
	if _, err := e.Embed(b.Context(), texts, pooling.KindMean); err != nil { // compiles
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := e.Embed(b.Context(), texts, pooling.KindMean); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(tokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
