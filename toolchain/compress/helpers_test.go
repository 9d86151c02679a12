package compress

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// tiny is a model in memory with random weights.
type tiny struct {
	config  checkpoint.Config
	tensors checkpoint.Tensors
}

func (m tiny) Config() checkpoint.Config                       { return m.config }
func (m tiny) Tensor(name string) (checkpoint.Tensor, error)   { return m.tensors.Tensor(name) }
func (m tiny) TokenizerJSON() ([]byte, error)                  { return []byte(`{}`), nil }
func newTiny(t testing.TB, config checkpoint.Config) tiny      { return fill(t, config, 1) }
func (m tiny) zero(name string, at func(row, column int) bool) { zero(m.tensors, name, at) }
func everywhere(int, int) bool                                 { return true }

func fill(t testing.TB, config checkpoint.Config, seed uint64) tiny {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	m := tiny{config, checkpoint.Tensors{}}
	for _, spec := range config.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(random.NormFloat64()) / 4
		}
		m.tensors[spec.Name] = checkpoint.Tensor{Name: spec.Name, Shape: spec.Shape, Data: data}
	}
	return m
}

// clone copies the weights, so that they can be changed.
func (m tiny) clone() tiny {
	c := tiny{m.config, checkpoint.Tensors{}}
	for name, t := range m.tensors {
		t.Data = slices.Clone(t.Data)
		c.tensors[name] = t
	}
	return c
}

// zero clears the entries of a tensor for which at holds; a vector is one row.
func zero(tensors checkpoint.Tensors, name string, at func(row, column int) bool) {
	t := tensors[name]
	width := t.Shape[len(t.Shape)-1]
	for i := range t.Data {
		if at(i/width, i%width) {
			t.Data[i] = 0
		}
	}
}

func llamaConfig() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: checkpoint.Llama, HiddenAct: "silu",
		HiddenSize: 16, IntermediateSize: 24, NumHiddenLayers: 5, NumAttentionHeads: 4, NumKeyValueHeads: 2, HeadDim: 4,
		RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: 40, MaxPositionEmbeddings: 32, TorchDtype: "float32",
	}
}

func bertConfig() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"BertModel"}, ModelType: checkpoint.Bert, HiddenAct: "gelu",
		HiddenSize: 16, IntermediateSize: 24, NumHiddenLayers: 5, NumAttentionHeads: 4, NumKeyValueHeads: 4, HeadDim: 4,
		LayerNormEps: 1e-12, TypeVocabSize: 2, VocabSize: 40, MaxPositionEmbeddings: 32, TorchDtype: "float32",
		Embedding: &checkpoint.Embedding{Pooling: checkpoint.PoolCLS, Normalize: true, MaxTokens: 32, HeadDims: 8},
	}
}
