// Package tinymodel makes small model packages with random weights, so that
// tests run the whole path from text to vector in milliseconds. Their layers take
// every shape that the format allows: a dropped MLP, a narrow one, an uneven one,
// a dropped attention; and their tensors every type.
package tinymodel

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/model"
)

// Vocab is the number of tokens of the Llama model: one for every byte.
const Vocab = 256

// MaxTokens is the longest text of the packages that are made here.
const MaxTokens = 96

// Config is the shape of the Llama model.
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
	config    checkpoint.Config
	tokenizer []byte
	tensors   map[string]checkpoint.Tensor
}

// New draws the Llama model's weights by seed.
func New(seed uint64) *Source { return draw(Config(), byteTokenizer(), seed) }

// draw fills a model of the given shape.
func draw(config checkpoint.Config, tokenizer []byte, seed uint64) *Source {
	s := &Source{config: config, tokenizer: tokenizer, tensors: map[string]checkpoint.Tensor{}}
	random := rand.New(rand.NewPCG(seed, 0))
	for _, spec := range s.config.Tensors() {
		data := make([]float32, spec.Elements())
		for i := range data {
			data[i] = float32(random.NormFloat64()) / 8
			if len(spec.Shape) == 1 && strings.HasSuffix(spec.Name, ".weight") { // a norm's
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

// TokenizerJSON implements export.Source.
func (s *Source) TokenizerJSON() ([]byte, error) { return s.tokenizer, nil }

// byteTokenizer is a byte-level tokenizer without merges.
func byteTokenizer() []byte {
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
	byteLevel := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	return encode(object{
		"version": "1.0", "added_tokens": []any{}, "pre_tokenizer": byteLevel, "decoder": byteLevel,
		"model": object{"type": "BPE", "vocab": vocab, "merges": []any{}},
	})
}

type object = map[string]any

func encode(o object) []byte {
	b, err := json.Marshal(o)
	if err != nil { // there is nothing in it that JSON lacks
		panic(err)
	}
	return b
}

// Write makes a package of the Llama model in a temporary folder of the test and
// returns its path.
func Write(t testing.TB) string {
	t.Helper()
	return write(t, New(1), export.Options{Name: "tiny", MaxTokens: MaxTokens, Embedding: model.Embedding{Pooling: "mean"}})
}

// LongTokens is the longest text of WriteLong and WriteBertLong, as of the models that
// are imported.
const LongTokens = 512

// WriteLong is Write for texts of up to LongTokens.
func WriteLong(t testing.TB) string {
	t.Helper()
	config := Config()
	config.MaxPositionEmbeddings = LongTokens
	return write(t, draw(config, byteTokenizer(), 1), export.Options{Name: "tiny-long", MaxTokens: LongTokens, Embedding: model.Embedding{Pooling: "mean"}})
}

// WriteSlim is Write for a Llama model whose last layer has no attention, in
// weights of both precisions and with a 4-bit table.
func WriteSlim(t testing.TB) string {
	t.Helper()
	return write(t, NewSlim(1), export.Options{
		Name: "tiny-slim", MaxTokens: MaxTokens, Embedding: model.Embedding{Pooling: "last"},
		Precision: export.Precision{Embedding: 4, Overrides: map[string]int{"layer.2.*": 7, "layer.0.down": 7}},
	})
}

// NewSlim draws the weights of the model of WriteSlim.
func NewSlim(seed uint64) *Source {
	config := Config()
	config.DroppedAttention = []int{3}
	return draw(config, byteTokenizer(), seed)
}

func write(t testing.TB, src export.Source, o export.Options) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), o.Name)
	if _, err := export.Export(context.Background(), src, dir, o); err != nil {
		t.Fatal(err)
	}
	return dir
}
