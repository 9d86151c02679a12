package compress

import (
	"slices"
	"strconv"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
)

// layout says where a family keeps its weights. Names are those below a layer's prefix.
type layout struct {
	layers    string   // what stands before a layer's number
	embedding string   // prefix of what makes the input of layer 0
	attention []string // prefixes of what belongs to the attention and its norm
	rows      []string // tensors with one row, or one entry, per neuron of the MLP
	columns   []string // tensors with one column per neuron

	// identity says that a layer without attention and MLP returns its input: in pre-norm families
	// it does, in post-norm families its norms stay.
	identity bool
}

var layouts = map[string]layout{
	checkpoint.Llama: {
		layers:    "model.layers.",
		embedding: "model.embed_tokens.",
		attention: []string{"self_attn.", "input_layernorm."},
		rows:      []string{"mlp.gate_proj.weight", "mlp.up_proj.weight"},
		columns:   []string{"mlp.down_proj.weight"},
		identity:  true,
	},
	checkpoint.Bert: {
		layers:    "encoder.layer.",
		embedding: "embeddings.",
		attention: []string{"attention."},
		rows:      []string{"intermediate.dense.weight", "intermediate.dense.bias"},
		columns:   []string{"output.dense.weight"},
	},
}

// split takes a tensor's name apart; ok is false for tensors outside the layers.
func (l layout) split(name string) (layer int, part string, ok bool) {
	rest, ok := strings.CutPrefix(name, l.layers)
	if !ok {
		return 0, "", false
	}
	number, part, ok := strings.Cut(rest, ".")
	layer, err := strconv.Atoi(number)
	return layer, part, ok && err == nil
}

func (l layout) join(layer int, part string) string {
	return l.layers + strconv.Itoa(layer) + "." + part
}

func (l layout) ofAttention(part string) bool {
	return slices.ContainsFunc(l.attention, func(prefix string) bool { return strings.HasPrefix(part, prefix) })
}

func (l layout) ofEmbedding(name string) bool { return strings.HasPrefix(name, l.embedding) }
