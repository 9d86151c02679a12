package compress

import (
	"math"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
)

// published is a base model of the paper by its configuration.
func published(hidden, layers, heads, kvHeads, width, vocabulary int) checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: checkpoint.Llama, HiddenAct: "silu",
		HiddenSize: hidden, IntermediateSize: width, NumHiddenLayers: layers, NumAttentionHeads: heads, NumKeyValueHeads: kvHeads,
		HeadDim: hidden / heads, RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: vocabulary, MaxPositionEmbeddings: 4096, TorchDtype: "bfloat16",
	}
}

// shape is a model of which only the configuration is asked for.
type shape struct{ config checkpoint.Config }

func (s shape) Config() checkpoint.Config { return s.config }
func (s shape) Tensor(string) (checkpoint.Tensor, error) {
	panic("no weights are needed to count them")
}
func (s shape) TokenizerJSON() ([]byte, error) { panic("no tokenizer is needed to count") }

// TestPublishedCounts derives the parameter counts that the paper prints (arXiv:2512.20612, tables 2
// and 3), in billions, from the configurations of its base models.
func TestPublishedCounts(t *testing.T) {
	mistral := published(4096, 32, 32, 8, 14336, 32000)
	llama2 := published(4096, 32, 32, 32, 11008, 32000)
	for _, c := range []struct {
		name                     string
		config                   checkpoint.Config
		mlps, attentions, blocks int
		removed                  float64 // share of the remaining neurons
		want                     float64
	}{
		{"Mistral-7B", mistral, 0, 0, 0, 0, 7.1},
		{"8A", mistral, 0, 8, 0, 0, 6.8},
		{"16A", mistral, 0, 16, 0, 0, 6.4},
		{"8B", mistral, 0, 0, 8, 0, 5.4},
		{"16B", mistral, 0, 0, 16, 0, 3.6},
		{"8M", mistral, 8, 0, 0, 0, 5.7},
		{"16M", mistral, 16, 0, 0, 0, 4.3},
		{"20M", mistral, 20, 0, 0, 0, 3.6},
		{"24M", mistral, 24, 0, 0, 0, 2.9},
		{"16M8A", mistral, 16, 8, 0, 0, 4.0},
		{"EffiR", mistral, 16, 0, 0, 0.3, 3.4},
		{"RepLLaMA", llama2, 0, 0, 0, 0, 6.6},
	} {
		var plan Plan
		for i := range c.mlps {
			plan.DropMLP = append(plan.DropMLP, i)
		}
		for i := range c.blocks {
			plan.DropBlocks = append(plan.DropBlocks, i)
		}
		for i := range c.attentions { // not where the MLP goes too, for such a layer would vanish
			plan.DropAttention = append(plan.DropAttention, c.config.NumHiddenLayers-1-i)
		}
		if c.removed > 0 {
			var err error
			if plan, err = plan.Width(c.config, gatesOf(c.config), 1-c.removed, 1); err != nil {
				t.Fatal(err)
			}
		}
		left, err := New(shape{c.config}, plan)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(CostOf(left.Config()).Parameters()) / 1e9; math.Abs(got-c.want) > 0.05 {
			t.Errorf("%s: %.3f billion parameters, the paper says %g", c.name, got, c.want)
		}
		if step := left.Config().Compression[0]; step.ParametersAfter != CostOf(left.Config()).Parameters() || step.ParametersBefore != CostOf(c.config).Parameters() {
			t.Errorf("%s: the record says %d to %d parameters", c.name, step.ParametersBefore, step.ParametersAfter)
		}
	}
}

// gatesOf gives each neuron another gate, with those of all layers mingled.
func gatesOf(config checkpoint.Config) Gates {
	gates := make(Gates, config.NumHiddenLayers)
	for layer := range gates {
		for i := range config.MLPWidth(layer) {
			gates[layer] = append(gates[layer], float32((i*7919+layer*331)%1_000_003)/1e6)
		}
	}
	return gates
}

func TestCostOf(t *testing.T) {
	bge := checkpoint.Config{
		ModelType: checkpoint.Bert, HiddenSize: 384, IntermediateSize: 1536, NumHiddenLayers: 12, NumAttentionHeads: 12,
		NumKeyValueHeads: 12, HeadDim: 32, TypeVocabSize: 2, VocabSize: 30522, MaxPositionEmbeddings: 512, TorchDtype: "float32",
	}
	got := CostOf(bge)
	attention := int64(12 * (4*(384*384+384) + 2*384))
	mlp := int64(12 * (2*384*1536 + 1536 + 384 + 2*384))
	want := Cost{
		Embedding: 384*(30522+512+2) + 2*384, Attention: attention, MLP: mlp,
		MultiplyAdds: 12 * (4*384*384 + 2*384*1536), Bytes: 4 * 33_212_160,
	}
	if got != want || got.Parameters() != 33_212_160 || got.Layers() != attention+mlp {
		t.Errorf("bge-small costs %+v, want %+v", got, want)
	}
	headed := llamaConfig()
	plain := CostOf(headed)
	headed.Embedding = &checkpoint.Embedding{Pooling: checkpoint.PoolMean, MaxTokens: 8, HeadDims: 5}
	headed.TorchDtype = "float16"
	got = CostOf(headed)
	if more := got.Parameters() - plain.Parameters(); more != 5*16+5 {
		t.Errorf("a head of 5 by 16 with bias counts as %d parameters", more)
	}
	if got.Bytes != 2*got.Parameters() || got.MultiplyAdds != plain.MultiplyAdds {
		t.Errorf("in float16 with head: %+v", got)
	}
	if slices.Contains([]int64{got.Other, plain.Other}, 0) {
		t.Error("the final norm does not count")
	}
}
