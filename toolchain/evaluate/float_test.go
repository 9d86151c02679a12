package evaluate

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/wasm/encoder"
)

// headed is the tiny model with an embedding section and tensors of a head.
type headed struct {
	*tinymodel.Source
	tensors map[string]checkpoint.Tensor
}

func (h headed) Tensor(name string) ([]int, []float32, error) {
	t, ok := h.tensors[name]
	if !ok {
		var err error
		if t, err = h.Source.Tensor(name); err != nil {
			return nil, nil, err
		}
	}
	return t.Shape, t.Data, nil
}

// openTiny writes the tiny model as a checkpoint and opens it.
func openTiny(t *testing.T, how *checkpoint.Embedding) *checkpoint.Checkpoint {
	t.Helper()
	src, dir := tinymodel.New(1), t.TempDir()
	tokens, err := src.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	c := src.Config()
	tensors := checkpoint.Tensors{}
	for _, spec := range c.Tensors() {
		if tensors[spec.Name], err = src.Tensor(spec.Name); err != nil {
			t.Fatal(err)
		}
	}
	c.Embedding = how
	if how.HeadDims > 0 {
		weight := make([]float32, how.HeadDims*c.HiddenSize)
		bias := make([]float32, how.HeadDims)
		for i := range weight {
			weight[i] = float32(math.Sin(float64(i)))
		}
		for i := range bias {
			bias[i] = float32(i)
		}
		tensors["head.weight"] = checkpoint.Tensor{Shape: []int{how.HeadDims, c.HiddenSize}, Data: weight}
		tensors["head.bias"] = checkpoint.Tensor{Shape: []int{how.HeadDims}, Data: bias}
	}
	if err := checkpoint.Write(t.Context(), dir, c, tensors, tokens, nil); err != nil {
		t.Fatal(err)
	}
	opened, err := checkpoint.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func openFloat(t *testing.T, src *checkpoint.Checkpoint, o FloatOptions) *Float {
	t.Helper()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	f, err := OpenFloat(b, src, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func embedTexts(t *testing.T, e Embedder, kind encoder.Kind, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := e.Embed(context.Background(), texts, kind)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		var square float64
		for _, x := range v {
			square += float64(x) * float64(x)
		}
		if texts[i] != "" && math.Abs(square-1) > 1e-5 || texts[i] == "" && square != 0 {
			t.Errorf("%q: a vector of squared length %g", texts[i], square)
		}
	}
	return vectors
}

func TestFloat(t *testing.T) {
	plain := openFloat(t, openTiny(t, &checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 40}), FloatOptions{})
	texts := []string{"red apples grow", "", "boats sail over seas and under bridges", "red apples grow"}
	got := embedTexts(t, plain, encoder.Passage, texts...)
	if !slices.Equal(got[0], got[3]) || slices.Equal(got[0], got[2]) {
		t.Error("equal texts differ, or different ones do not")
	}
	// A prefix changes queries only, as if it were part of the text.
	prefixed := openFloat(t, openTiny(t, &checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 40, QueryPrefix: "find "}), FloatOptions{})
	for i, want := range embedTexts(t, plain, encoder.Passage, "find "+texts[0], texts[0]) {
		kind := []encoder.Kind{encoder.Query, encoder.Passage}[i]
		if v := embedTexts(t, prefixed, kind, texts[0])[0]; cosine(v, want) < 1-1e-5 {
			t.Errorf("kind %d: cosine %g to the text with its prefix", kind, cosine(v, want))
		}
	}
	// Cut texts are those of their first tokens.
	cut := openFloat(t, openTiny(t, &checkpoint.Embedding{Pooling: "mean", Normalize: true, MaxTokens: 40}), FloatOptions{MaxTokens: 3})
	long := embedTexts(t, cut, encoder.Passage, "red red red red red red", "red red red red red")
	if !slices.Equal(long[0], long[1]) {
		t.Error("texts that are equal up to the limit differ")
	}
}

func TestFloatHead(t *testing.T) {
	how := checkpoint.Embedding{Pooling: "last", Normalize: true, MaxTokens: 40, HeadDims: 5}
	src := openTiny(t, &how)
	f := openFloat(t, src, FloatOptions{})
	v := embedTexts(t, f, encoder.Query, "red apples")[0]
	if len(v) != 5 || f.Dims() != 5 {
		t.Fatalf("%d dimensions", len(v))
	}
	// Other weights may be given: with a head of zero weights the bias is left.
	zero := headed{tinymodel.New(1), map[string]checkpoint.Tensor{
		"head.weight": {Shape: []int{5, src.Config().HiddenSize}, Data: make([]float32, 5*src.Config().HiddenSize)},
		"head.bias":   {Shape: []int{5}, Data: []float32{0, 3, 0, 4, 0}},
	}}
	v = embedTexts(t, openFloat(t, src, FloatOptions{Weights: zero}), encoder.Query, "red apples")[0]
	for i, want := range []float64{0, 0.6, 0, 0.8, 0} {
		if math.Abs(float64(v[i])-want) > 1e-6 {
			t.Errorf("vector %v, want the bias at length 1", v)
			break
		}
	}
	if _, _, err := floatmodel.Weights(src).Tensor("head.weight"); err != nil {
		t.Error(err)
	}
}

func TestPackageCutsAtWords(t *testing.T) {
	p := &Package{}
	if got := p.cut("as it is", encoder.Query); got != "as it is" {
		t.Errorf("cut to %q", got)
	}
	if got := wordEnds("  two  words\nand é "); !slices.Equal(got, []int{5, 12, 16, 19}) {
		t.Errorf("word ends %v", got)
	}
}

func TestBucketsEndAtTheLimit(t *testing.T) {
	for limit, want := range map[int][]int{16: {16}, 20: {16, 20}, 256: {16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256}, 5: {5}} {
		if got := bucketsTo(limit); !slices.Equal(got, want) {
			t.Errorf("%d: %v", limit, got)
		}
	}
}

func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot, aa, bb = dot+float64(a[i])*float64(b[i]), aa+float64(a[i])*float64(a[i]), bb+float64(b[i])*float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}
