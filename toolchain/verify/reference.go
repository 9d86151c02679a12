package verify

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/encoder"
	"github.com/effir/effir/gomlx-models/llama"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Reference embeds token sequences with a checkpoint's weights in float32 on a
// GoMLX backend: the mean of the last hidden states after the final norm, at
// length one.
func Reference(ctx context.Context, b backends.Backend, src *checkpoint.Checkpoint, ids [][]int32) ([][]float32, error) {
	c := src.Config()
	config := llama.Config{
		Vocab: c.VocabSize, Hidden: c.HiddenSize, Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads,
		HeadDim: c.HeadDim, RopeTheta: c.RopeTheta, RMSEps: c.RMSNormEps, Causal: true, Tied: c.TieWordEmbeddings,
	}
	for i := range c.NumHiddenLayers {
		config.Intermediate = append(config.Intermediate, c.MLPWidth(i))
	}
	e, err := encoder.New(b, config, weights{src}, encoder.WithBuckets(64, 512))
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.Embed(ctx, ids, pooling.KindMean)
}

// weights shows a checkpoint as the graph wants to see it.
type weights struct{ *checkpoint.Checkpoint }

func (w weights) Tensor(name string) (shape []int, data []float32, err error) {
	t, err := w.Checkpoint.Tensor(name)
	return t.Shape, t.Data, err
}

// Cosine returns the cosine of the angle between two vectors.
func Cosine(a, b []float32) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("verify: vectors of %d and %d numbers", len(a), len(b))
	}
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb), nil
}
