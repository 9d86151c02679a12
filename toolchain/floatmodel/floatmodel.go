// Package floatmodel builds the GoMLX model of a checkpoint, in float32: what
// analysis, compression and training run, and what packages are compared with.
package floatmodel

import (
	"fmt"

	"github.com/effir/effir/gomlx-models/bert"
	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/llama"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Of returns the model that a configuration describes. A Llama model is causal
// unless its embedding section says that it is bidirectional.
func Of(c checkpoint.Config) (family.Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	widths := make([]int, c.NumHiddenLayers)
	for i := range widths {
		widths[i] = c.MLPWidth(i)
	}
	switch c.ModelType {
	case checkpoint.Llama:
		m := llama.Config{
			Vocab: c.VocabSize, Hidden: c.HiddenSize, Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads,
			HeadDim: c.HeadDim, Intermediate: widths, DropAttention: c.DroppedAttention,
			MaxPositions: c.MaxPositionEmbeddings, RopeTheta: c.RopeTheta, RMSEps: c.RMSNormEps,
			Causal: c.Embedding == nil || !c.Embedding.Bidirectional, Tied: c.TieWordEmbeddings,
		}
		return m, m.Validate()
	case checkpoint.Bert:
		m := bert.Config{
			Vocab: c.VocabSize, Hidden: c.HiddenSize, Heads: c.NumAttentionHeads,
			Intermediate: widths, DropAttention: c.DroppedAttention,
			MaxPositions: c.MaxPositionEmbeddings, TypeVocab: c.TypeVocabSize, LayerNormEps: c.LayerNormEps,
		}
		return m, m.Validate()
	}
	return nil, fmt.Errorf("no float model of the family %q", c.ModelType)
}

// Weights shows a checkpoint to a model.
func Weights(c *checkpoint.Checkpoint) family.Weights { return weights{c} }

type weights struct{ *checkpoint.Checkpoint }

// Tensor implements [family.Weights].
func (w weights) Tensor(name string) ([]int, []float32, error) {
	t, err := w.Checkpoint.Tensor(name)
	return t.Shape, t.Data, err
}
