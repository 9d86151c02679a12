// Package llama is the Llama architecture as GoMLX graphs in float32: RMSNorm,
// half-split rotary positions, grouped-query attention and SwiGLU, with an MLP
// width of its own for each layer. It is the float reference of the runtime
// under wasm and what training starts from.
//
// Weights live in a GoMLX context: [Load] creates one trainable variable per
// tensor, the graph functions read them. Hugging Face's tensor name is the
// variable's path, dots turned into scopes: model.norm.weight is the variable
// "weight" in the scope "model/norm". Linear weights keep Hugging Face's layout
// [outputs, inputs].
//
// Graph functions follow GoMLX's convention: they panic with an error, which
// the executor that builds the graph returns.
package llama

import (
	"strconv"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// States are the values of the residual stream on its way through the model,
// each float32 [batch, length, Hidden]. Those that a graph does not return are
// not computed for their own sake.
type States struct {
	Embedding      *Node   // token embeddings, the input of layer 0
	AfterAttention []*Node // per layer, after attention was added
	AfterMLP       []*Node // per layer, after the MLP was added: the layer's output
	Last           *Node   // output of the last layer after the final norm
}

// Forward builds the whole model.
//
//   - scope: the context into which [Load] put the weights.
//   - ids: int32 [batch, length], tokens padded on the right with any valid id.
//   - mask: bool [batch, length], true for tokens, false for padding. Each row
//     needs at least one token.
//
// States at padding positions are meaningless; those of tokens do not depend
// on the padding.
func Forward(scope *context.Context, cfg Config, ids, mask *Node) States {
	checkInputs(cfg, ids, mask)
	length := ids.Shape().Dimensions[1]
	rope := newRotary(ids.Graph(), cfg, length)
	allowed := attentionMask(cfg, mask)

	model := scope.In("model")
	embedding := parameter(model.In("embed_tokens"), ids.Graph(), cfg.Vocab, cfg.Hidden)
	x := Gather(embedding, ExpandAxes(ids, -1))
	states := States{Embedding: x}
	for i, width := range cfg.Intermediate {
		layer := model.In("layers").In(strconv.Itoa(i))
		normed := norm(layer.In("input_layernorm"), cfg, x)
		x = Add(x, attention(layer.In("self_attn"), cfg, normed, rope, allowed))
		states.AfterAttention = append(states.AfterAttention, x)
		if width > 0 {
			normed = norm(layer.In("post_attention_layernorm"), cfg, x)
			x = Add(x, mlp(layer.In("mlp"), normed, width))
		}
		states.AfterMLP = append(states.AfterMLP, x)
	}
	states.Last = norm(model.In("norm"), cfg, x)
	return states
}

// Hidden returns the last hidden states, float32 [batch, length, Hidden], after
// the final norm. See [Forward] for the arguments.
func Hidden(scope *context.Context, cfg Config, ids, mask *Node) *Node {
	return Forward(scope, cfg, ids, mask).Last
}

// Logits returns the scores of the next token, float32 [..., Vocab], from last
// hidden states, float32 [..., Hidden]. Unless the embedding is tied it needs
// the weights of [LoadHead].
func Logits(scope *context.Context, cfg Config, hidden *Node) *Node {
	if cfg.Tied {
		return linear(scope.In("model").In("embed_tokens"), hidden, cfg.Vocab)
	}
	return linear(scope.In("lm_head"), hidden, cfg.Vocab)
}

func checkInputs(cfg Config, ids, mask *Node) {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	if ids.Rank() != 2 || !ids.DType().IsInt() {
		exceptions.Panicf("llama: ids are %s, want integers [batch, length]", ids.Shape())
	}
	want := ids.Shape().Dimensions
	if mask.DType() != dtypes.Bool || mask.Rank() != 2 || mask.Shape().Dimensions[0] != want[0] || mask.Shape().Dimensions[1] != want[1] {
		exceptions.Panicf("llama: mask is %s, want bool %v", mask.Shape(), want)
	}
}
