// Package tinymodel makes small model packages with random weights, so that
// tests run the whole path from text to vector in milliseconds. Their layers take
// every shape that the format allows: a dropped MLP, a narrow one, an uneven one.
package tinymodel

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/model"
)

// Vocab is the number of tokens: one for every byte.
const Vocab = 256

// MaxTokens is the longest text of the package that Write makes.
const MaxTokens = 96

// Config is the shape of the model.
func Config() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: "llama", HiddenAct: "silu",
		HiddenSize: 64, IntermediateSizes: []int{96, 0, 40, 128}, NumHiddenLayers: 4,
		NumAttentionHeads: 6, NumKeyValueHeads: 2, HeadDim: 16,
		RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: Vocab, MaxPositionEmbeddings: 256,
		TieWordEmbeddings: true, TorchDtype: "float32",
		Provenance: &checkpoint.Provenance{Source: "random", License: "Apache-2.0"},
	}
}

// Source is a checkpoint in memory.
type Source struct {
	config  checkpoint.Config
	tensors map[string]checkpoint.Tensor
}

// New draws a model's weights by seed.
func New(seed uint64) *Source {
	s := &Source{config: Config(), tensors: map[string]checkpoint.Tensor{}}
	random := rand.New(rand.NewPCG(seed, 0))
	for _, spec := range s.config.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(random.NormFloat64()) / 8
			if len(spec.Shape) == 1 { // a norm's weight
				data[i]++
			}
		}
		s.tensors[spec.Name] = checkpoint.Tensor{Name: spec.Name, Shape: spec.Shape, Data: data}
	}
	return s
}

// Config implements export.Source.
func (s *Source) Config() checkpoint.Config { return s.config }

// Tensor implements export.Source.
func (s *Source) Tensor(name string) (checkpoint.Tensor, error) { return s.tensors[name], nil }

// TokenizerJSON implements export.Source: a byte-level tokenizer without merges.
func (s *Source) TokenizerJSON() ([]byte, error) {
	vocab := map[string]int{}
	shifted := rune(256)
	for b := range 256 {
		r := rune(b)
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad { // not printable: GPT-2 moves it up
			r = shifted
			shifted++
		}
		vocab[string(r)] = b
	}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	return json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": []any{}, "pre_tokenizer": byteLevel, "decoder": byteLevel,
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []any{}},
	})
}

// Write makes a package in a temporary folder of the test and returns its path.
func Write(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	_, err := export.Export(context.Background(), New(1), dir, export.Options{
		Name: "tiny", MaxTokens: MaxTokens, Embedding: model.Embedding{Pooling: "mean"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
