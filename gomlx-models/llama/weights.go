package llama

import (
	"fmt"
	"strconv"

	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
)

// Load implements [family.Model]: everything but lm_head. See [family.Load] for
// what it checks.
func (c Config) Load(scope *context.Context, w family.Weights, parts ...family.Part) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if len(parts) == 0 {
		parts = append(parts, family.PartEmbedding)
		for i := range c.Intermediate {
			parts = append(parts, family.Part(i))
		}
		parts = append(parts, family.PartFinal)
	}
	for _, p := range parts {
		list, err := c.tensors(p)
		if err != nil {
			return err
		}
		if err := family.Load(scope, w, list); err != nil {
			return err
		}
	}
	return nil
}

// LoadHead creates the variable of lm_head in scope, which [Config.Logits]
// needs. With tied embeddings there is none and LoadHead does nothing.
func (c Config) LoadHead(scope *context.Context, w family.Weights) error {
	if c.Tied {
		return nil
	}
	return family.Load(scope, w, []family.Tensor{{Name: pathHead + ".weight", Shape: []int{c.Vocab, c.Hidden}}})
}

// tensors lists the tensors of a part.
func (c Config) tensors(part family.Part) (list []family.Tensor, err error) {
	add := func(path string, shape ...int) {
		list = append(list, family.Tensor{Name: path + ".weight", Shape: shape})
	}
	switch {
	case part == family.PartEmbedding:
		add(pathEmbedding, c.Vocab, c.Hidden)
	case part == family.PartFinal:
		add(pathFinalNorm, c.Hidden)
	case part >= 0 && int(part) < len(c.Intermediate):
		path := layerPath(int(part))
		if c.hasAttention(int(part)) {
			q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
			add(path+pathAttentionNorm, c.Hidden)
			add(path+pathQ, q, c.Hidden)
			add(path+pathK, kv, c.Hidden)
			add(path+pathV, kv, c.Hidden)
			add(path+pathO, c.Hidden, q)
		}
		if width := c.Intermediate[part]; width > 0 {
			add(path+pathMLPNorm, c.Hidden)
			add(path+pathGate, width, c.Hidden)
			add(path+pathUp, width, c.Hidden)
			add(path+pathDown, c.Hidden, width)
		}
	default:
		return nil, fmt.Errorf("llama: no part %d: the model has %d layers", part, len(c.Intermediate))
	}
	return list, nil
}

// Paths of the tensors, and below layerPath those of a layer.
const (
	pathEmbedding = "model.embed_tokens"
	pathFinalNorm = "model.norm"
	pathHead      = "lm_head"

	pathAttentionNorm = "input_layernorm"
	pathQ             = "self_attn.q_proj"
	pathK             = "self_attn.k_proj"
	pathV             = "self_attn.v_proj"
	pathO             = "self_attn.o_proj"
	pathMLPNorm       = "post_attention_layernorm"
	pathMLP           = "mlp"
	pathGate          = "mlp.gate_proj"
	pathUp            = "mlp.up_proj"
	pathDown          = "mlp.down_proj"
)

func layerPath(i int) string { return "model.layers." + strconv.Itoa(i) + "." }
