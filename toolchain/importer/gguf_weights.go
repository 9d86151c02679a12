package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/importer/gguf"
)

// ggufNames translates the part of a tensor name that follows "model.layers.N." to the part that
// follows "blk.N." in a GGUF file.
var ggufNames = map[string]string{
	"input_layernorm":          "attn_norm",
	"self_attn.q_proj":         "attn_q",
	"self_attn.k_proj":         "attn_k",
	"self_attn.v_proj":         "attn_v",
	"self_attn.o_proj":         "attn_output",
	"post_attention_layernorm": "ffn_norm",
	"mlp.gate_proj":            "ffn_gate",
	"mlp.up_proj":              "ffn_up",
	"mlp.down_proj":            "ffn_down",
}

// ggufName translates one of Config.Tensors to the name in a GGUF file.
func ggufName(name string) string {
	switch name {
	case "model.embed_tokens.weight":
		return "token_embd.weight"
	case "model.norm.weight":
		return "output_norm.weight"
	case "lm_head.weight":
		return "output.weight"
	}
	layer, rest, _ := strings.Cut(strings.TrimPrefix(name, "model.layers."), ".")
	return "blk." + layer + "." + ggufNames[strings.TrimSuffix(rest, ".weight")] + ".weight"
}

// ggufWeights gives a GGUF file's tensors as a checkpoint.Source.
type ggufWeights struct {
	file   *gguf.File
	config checkpoint.Config
}

// newGGUFWeights checks that the file has exactly the tensors that the configuration demands: a
// missing one cannot be invented, and an unknown one means a computation that we do not do.
func newGGUFWeights(f *gguf.File, c checkpoint.Config) (*ggufWeights, error) {
	fail := func(field, problem string) error {
		return &checkpoint.InputError{File: f.Name(), Field: field, Problem: problem, Remedy: remedyModel}
	}
	known := map[string]bool{}
	for _, spec := range c.Tensors() {
		name := ggufName(spec.Name)
		known[name] = true
		info, ok := f.Lookup(name)
		if !ok {
			return nil, fail(name, "is missing")
		}
		if !slices.Equal(info.Shape, spec.Shape) {
			return nil, fail(name, fmt.Sprintf("has shape %v, but the metadata demands %v", info.Shape, spec.Shape))
		}
	}
	for _, info := range f.Tensors() {
		if !known[info.Name] {
			return nil, fail(info.Name, "is no tensor of a plain Llama model (biases, scaled positions and experts are not supported)")
		}
	}
	return &ggufWeights{f, c}, nil
}

// Tensor implements checkpoint.Source.
func (w *ggufWeights) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := w.file.Tensor(ggufName(name))
	if err != nil {
		return t, err
	}
	t.Name = name
	switch {
	case strings.HasSuffix(name, ".self_attn.q_proj.weight"):
		t.Data = splitHalves(t.Data, w.config.NumAttentionHeads, w.config.HeadDim)
	case strings.HasSuffix(name, ".self_attn.k_proj.weight"):
		t.Data = splitHalves(t.Data, w.config.NumKeyValueHeads, w.config.HeadDim)
	}
	return t, nil
}

// splitHalves reorders the rows of a query or key projection. Rotary positions turn pairs of a
// head's dimensions. llama.cpp stores the two of a pair next to each other (rows 2i and 2i+1),
// checkpoints store the first of every pair and then the second (rows i and i + half a head).
// data has the shape [heads·headDim, columns].
func splitHalves(data []float32, heads, headDim int) []float32 {
	out := make([]float32, len(data))
	columns := len(data) / (heads * headDim)
	for row := range heads * headDim {
		head, within := row/headDim, row%headDim
		to := head*headDim + within/2 + within%2*(headDim/2)
		copy(out[to*columns:][:columns], data[row*columns:])
	}
	return out
}
