package analyze

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
)

// tiny is a model in memory with random weights. Its tokenizer has a token per byte.
type tiny struct {
	config  checkpoint.Config
	tensors checkpoint.Tensors
	reads   map[string]int // how often each tensor was read
}

func (m *tiny) Config() checkpoint.Config      { return m.config }
func (m *tiny) TokenizerJSON() ([]byte, error) { return tinymodel.New(1).TokenizerJSON() }

func (m *tiny) Tensor(name string) (checkpoint.Tensor, error) {
	m.reads[name]++
	return m.tensors.Tensor(name)
}

func newTiny(t testing.TB, config checkpoint.Config) *tiny {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 0))
	m := &tiny{config, checkpoint.Tensors{}, map[string]int{}}
	for _, spec := range config.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(random.NormFloat64()) / 4
		}
		m.tensors[spec.Name] = checkpoint.Tensor{Name: spec.Name, Shape: spec.Shape, Data: data}
	}
	return m
}

// llamaConfig is a model with layers of every structure: whole, without MLP, without attention,
// narrow, without either.
func llamaConfig() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: checkpoint.Llama, HiddenAct: "silu",
		HiddenSize: 16, IntermediateSizes: []int{24, 0, 24, 8, 0, 24}, DroppedAttention: []int{2, 4},
		NumHiddenLayers: 6, NumAttentionHeads: 4, NumKeyValueHeads: 2, HeadDim: 4,
		RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: 256, MaxPositionEmbeddings: 32, TorchDtype: "float32",
	}
}

func bertConfig() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"BertModel"}, ModelType: checkpoint.Bert, HiddenAct: "gelu",
		HiddenSize: 16, IntermediateSizes: []int{24, 0, 24, 8, 0, 24}, DroppedAttention: []int{2, 4},
		NumHiddenLayers: 6, NumAttentionHeads: 4, NumKeyValueHeads: 4, HeadDim: 4,
		LayerNormEps: 1e-12, TypeVocabSize: 2, VocabSize: 256, MaxPositionEmbeddings: 32, TorchDtype: "float32",
		Embedding: &checkpoint.Embedding{Pooling: checkpoint.PoolMean, Skip: 1, Normalize: true, MaxTokens: 32, HeadDims: 8},
	}
}

// sequences are of different lengths and no multiple of any batch.
func sequences() [][]int32 {
	random := rand.New(rand.NewPCG(2, 0))
	var list [][]int32
	for _, length := range []int{9, 3, 12, 1, 12, 7, 5} {
		var ids []int32
		for range length {
			ids = append(ids, int32(random.IntN(256)))
		}
		list = append(list, ids)
	}
	return list
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
