package verify

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/vocabulary"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/model"
)

// withHead adds a head to a checkpoint.
type withHead struct{ *tinymodel.Source }

const headDims = 80 // more than the hidden size: some published heads widen

func (w withHead) Config() checkpoint.Config {
	c := w.Source.Config()
	how := *c.Embedding
	how.Pooling, how.HeadDims = checkpoint.PoolMean, headDims
	c.Embedding = &how
	return c
}

func (w withHead) Tensor(name string) (checkpoint.Tensor, error) {
	hidden := w.Config().HiddenSize
	shape := []int{headDims, hidden}
	switch name {
	case "head.weight":
	case "head.bias":
		shape = shape[:1]
	default:
		return w.Source.Tensor(name)
	}
	t := checkpoint.Tensor{Name: name, Shape: shape, Data: make([]float32, shape[0])}
	if len(shape) == 2 {
		t.Data = make([]float32, headDims*hidden)
	}
	for i := range t.Data {
		t.Data[i] = float32(i*i%37)/37 - 0.5
	}
	return t, nil
}

// Whatever a package stands for, its vectors point where those of the float model
// point: both families, with sub-layers dropped, layers cut, causal and not, each
// pooling, with a head, with a shorter vocabulary. Weights have 7 bits, so that a
// mistake shows and rounding does not.
func TestTinyModelsFollowFloatReference(t *testing.T) {
	precise := export.Precision{Weights: 7}
	shorter, err := vocabulary.WithoutUnused(tinymodel.NewBert(3))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		src export.Source
		o   export.Options
	}{
		"llama mean":       {tinymodel.New(3), export.Options{MaxTokens: 40}},
		"llama last":       {tinymodel.New(3), export.Options{MaxTokens: 80, Embedding: model.Embedding{Pooling: "last", Suffix: []int32{0}}}},
		"llama skip":       {tinymodel.New(3), export.Options{MaxTokens: 40, NoFinalNorm: true, Embedding: model.Embedding{Pooling: "mean", Prefix: []int32{7}, Skip: 1}}},
		"llama slim":       {tinymodel.NewSlim(3), export.Options{MaxTokens: 40}},
		"llama two layers": {tinymodel.New(3), export.Options{MaxTokens: 40, Layers: 2}},
		"bert":             {tinymodel.NewBert(3), export.Options{}},
		"bert mean":        {tinymodel.NewBert(3), export.Options{Embedding: model.Embedding{Pooling: "mean"}}},
		"bert two layers":  {tinymodel.NewBert(3), export.Options{Layers: 2}},
		"bert head":        {withHead{tinymodel.NewBert(3)}, export.Options{}},
		"bert vocabulary":  {shorter, export.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := backend.Open("go")
			if err != nil {
				t.Fatal(err)
			}
			defer b.Finalize()
			dir := filepath.Join(t.TempDir(), "p")
			c.o.Name, c.o.Precision = "p", precise
			if _, err := export.Export(t.Context(), c.src, dir, c.o); err != nil {
				t.Fatal(err)
			}
			texts := Texts(12)
			e := openNative(t, dir)
			ids := make([][]int32, len(texts))
			for i, text := range texts {
				if ids[i], err = e.Tokens("x"+text, encoder.Query); err != nil {
					t.Fatal(err)
				}
			}
			want, err := Reference(t.Context(), b, c.src, os.DirFS(dir), ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range texts {
				got, err := e.EmbedOne("x"+text, encoder.Query)
				if err != nil {
					t.Fatal(err)
				}
				if x := Cosine(got, want[i]); x < 0.997 {
					t.Errorf("%.30q: cosine %.5f to the float model, want 0.997", text, x)
				}
			}
		})
	}
}
