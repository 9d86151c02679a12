// Package llama is the Llama architecture as GoMLX graphs in float32: RMSNorm,
// half-split rotary positions, grouped-query attention and SwiGLU. Each layer
// has an MLP width of its own, and layers may lack attention or MLP. It is the
// float reference of the runtime under wasm and what training starts from.
//
// Variables have Hugging Face's names, dots turned into scopes: model.norm.weight
// is the variable "weight" in the scope "model/norm". Linear weights are
// [outputs, inputs]; rows of q_proj and k_proj are in the half-split order of
// rotary positions. The gate of a layer's MLP (see [layer.Gate]) lies in its
// scope "mlp".
package llama

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
)

// Embed implements [family.Model]: the token embeddings.
func (c Config) Embed(scope *context.Context, ids, mask *Node) *Node {
	if err := c.Validate(); err != nil {
		panic(err)
	}
	family.CheckInputs(ids, mask)
	return layer.Embedding(family.Scope(scope, pathEmbedding), ids, c.Vocab, c.Hidden)
}

// Layer implements [family.Model]. A dropped sub-layer has no norm in front of
// it either: x stays x.
func (c Config) Layer(scope *context.Context, i int, x, mask *Node) (afterAttention, afterMLP *Node) {
	at := func(path string) *context.Context { return family.Scope(scope, layerPath(i)+path) }
	if c.hasAttention(i) {
		x = Add(x, c.attention(at, layer.RMSNorm(at(pathAttentionNorm), x, c.RMSEps), mask))
	}
	afterAttention = x
	if width := c.Intermediate[i]; width > 0 {
		x = Add(x, c.mlp(at, layer.RMSNorm(at(pathMLPNorm), x, c.RMSEps), width))
	}
	return afterAttention, x
}

// Final implements [family.Model]: the final norm.
func (c Config) Final(scope *context.Context, x *Node) *Node {
	return layer.RMSNorm(family.Scope(scope, pathFinalNorm), x, c.RMSEps)
}

// Logits returns the scores of the next token, float32 [..., Vocab], from last
// hidden states, float32 [..., Hidden]. Unless the embedding is tied it needs
// the weights of [Config.LoadHead].
func (c Config) Logits(scope *context.Context, hidden *Node) *Node {
	path := pathHead
	if c.Tied {
		path = pathEmbedding
	}
	return layer.Linear(family.Scope(scope, path), hidden, c.Vocab)
}

// attention is grouped-query attention with rotary positions. at returns the
// scope of a path in the layer; x is normed, and so far [batch, length, Hidden].
func (c Config) attention(at func(path string) *context.Context, x, mask *Node) *Node {
	batch, length := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	heads := func(path string, n int) *Node {
		return Reshape(layer.Linear(at(path), x, n*c.HeadDim), batch, length, n, c.HeadDim)
	}
	rope := newRotary(x.Graph(), c, length)
	q, k, v := rope.turn(heads(pathQ, c.Heads)), rope.turn(heads(pathK, c.KVHeads)), heads(pathV, c.KVHeads)
	return layer.Linear(at(pathO), layer.Attention(q, k, v, layer.AttentionBias(mask, c.Causal)), c.Hidden)
}

// mlp is SwiGLU (arXiv:2002.05202): down(silu(gate(x)) · up(x)) with inner width
// width; x is normed.
func (c Config) mlp(at func(path string) *context.Context, x *Node, width int) *Node {
	inner := Mul(layer.SiLU(layer.Linear(at(pathGate), x, width)), layer.Linear(at(pathUp), x, width))
	return layer.Linear(at(pathDown), layer.Gate(at(pathMLP), inner), c.Hidden)
}
