package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
)

// Embedder turns texts into vectors of one length, one per text.
type Embedder interface {
	Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error)
}

// Model is an embedder to measure.
type Model struct {
	// Name in tables: "bge-small float". It becomes part of the systems' names.
	Name string
	// Queries embeds queries and, unless Documents is set, passages.
	Queries Embedder
	// Documents embeds passages, if another model than that of queries does:
	// a large model for the index that is made once and a small one for the
	// queries of every visitor (asymmetric search). Both must share a space.
	Documents Embedder
	// Float ranks by the float32 vectors as they are. Otherwise vectors are
	// int8, as search bundles hold them.
	Float bool
	// Cost of a query.
	Cost Cost
}

// Cost of embedding with a model.
type Cost struct {
	// Bytes to store or to load: of the package, or of the float32 tensors.
	Bytes int64 `json:"bytes,omitempty"`
	// LayerParameters counts the weights of the layers, without embeddings.
	LayerParameters int64 `json:"layer_parameters,omitempty"`
	// MACs are the multiply-adds per token in matrix products with weights;
	// attention's products of two activations, which grow with the length of
	// the text, are not among them.
	MACs int64 `json:"macs_per_token,omitempty"`
}

// Lazy opens an embedder when the first text asks for it: never, if a cache knows
// them all.
func Lazy(open func() (Embedder, error)) Embedder { return &lazy{open: open} }

type lazy struct {
	open     func() (Embedder, error)
	embedder Embedder
}

// Embed implements Embedder.
func (l *lazy) Embed(ctx context.Context, texts []string, kind encoder.Kind) (_ [][]float32, err error) {
	if l.embedder == nil {
		if l.embedder, err = l.open(); err != nil {
			return nil, err
		}
	}
	return l.embedder.Embed(ctx, texts, kind)
}

func (m Model) documents() Embedder {
	if m.Documents != nil {
		return m.Documents
	}
	return m.Queries
}

// passageTexts returns what is embedded of each passage.
func passageTexts(passages []corpus.Passage, maxWords int) []string {
	texts := make([]string, len(passages))
	for i, passage := range passages {
		texts[i] = passage.EmbedText(maxWords)
	}
	return texts
}

func queryTexts(queries []corpus.Query) []string {
	texts := make([]string, len(queries))
	for i, query := range queries {
		texts[i] = query.Text
	}
	return texts
}

// EmbedAll returns every text's vector, asking for options.Batch at a time. Texts
// of similar length are asked for together, since padding costs time. No text at
// all is an error.
func EmbedAll(ctx context.Context, embedder Embedder, texts []string, kind encoder.Kind, options Options) ([][]float32, error) {
	options.setDefaults()
	stage := "embedding passages"
	if kind == encoder.Query {
		stage = "embedding queries"
	}
	if len(texts) == 0 {
		return nil, errors.New(stage + ": there are none")
	}
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(texts[a]), len(texts[b])) })
	all := make([][]float32, len(texts))
	done, dims := 0, 0
	for part := range slices.Chunk(order, options.Batch) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := make([]string, len(part))
		for i, text := range part {
			batch[i] = texts[text]
		}
		vectors, err := embedder.Embed(ctx, batch, kind)
		if err != nil {
			return nil, err
		}
		if len(vectors) != len(batch) {
			return nil, fmt.Errorf("the encoder gave %d vectors for %d texts", len(vectors), len(batch))
		}
		for i, vector := range vectors {
			if dims == 0 {
				dims = len(vector)
			}
			if len(vector) != dims {
				return nil, fmt.Errorf("the encoder gave vectors of %d and %d numbers", dims, len(vector))
			}
			all[part[i]] = vector
		}
		done += len(part)
		options.Progress(stage, done, len(texts))
	}
	return all, nil
}
