package gguf

import "strings"

// llamaNames translates the part of a tensor name that follows "model.layers.N." to the part that
// follows "blk.N." in a GGUF file.
var llamaNames = map[string]string{
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

// LlamaName translates the name of a Llama tensor in a checkpoint, one of Config.Tensors, to its
// name in a GGUF file.
func LlamaName(name string) string {
	switch name {
	case "model.embed_tokens.weight":
		return "token_embd.weight"
	case "model.norm.weight":
		return "output_norm.weight"
	case "lm_head.weight":
		return "output.weight"
	}
	layer, rest, _ := strings.Cut(strings.TrimPrefix(name, "model.layers."), ".")
	return "blk." + layer + "." + llamaNames[strings.TrimSuffix(rest, ".weight")] + ".weight"
}

// SplitHalves reorders the rows of a query or key projection from a GGUF file for a checkpoint.
// Rotary positions turn pairs of a head's dimensions. llama.cpp stores the two of a pair next to each
// other (rows 2i and 2i+1), checkpoints store the first of every pair and then the second (rows i and
// i + half a head). data has the shape [heads·headDim, columns].
func SplitHalves(data []float32, heads, headDim int) []float32 {
	out := make([]float32, len(data))
	columns := len(data) / (heads * headDim)
	for row := range heads * headDim {
		copy(out[checkpointRow(row, headDim)*columns:][:columns], data[row*columns:])
	}
	return out
}

// JoinHalves is the inverse of SplitHalves: from a checkpoint for a GGUF file.
func JoinHalves(data []float32, heads, headDim int) []float32 {
	out := make([]float32, len(data))
	columns := len(data) / (heads * headDim)
	for row := range heads * headDim {
		copy(out[row*columns:][:columns], data[checkpointRow(row, headDim)*columns:])
	}
	return out
}

// checkpointRow is the place in a checkpoint of a GGUF file's row.
func checkpointRow(row, headDim int) int {
	head, within := row/headDim, row%headDim
	return head*headDim + within/2 + within%2*(headDim/2)
}
