// Package bert is the BERT encoder (arXiv:1810.04805) as GoMLX graphs in
// float32: learned positions, attention in both directions, GELU, and a norm
// behind each sub-layer. Each layer has an MLP width of its own, and layers may
// lack attention or MLP.
//
// Variables have the names of Hugging Face's BertModel, dots turned into scopes:
// encoder.layer.0.output.dense.weight is the variable "weight" in the scope
// "encoder/layer/0/output/dense". Linear weights are [outputs, inputs]. There is
// no pooler. The gate of a layer's MLP (see [layer.Gate]) lies in its scope
// "intermediate".
package bert

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/support/exceptions"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
)

// Embed implements [family.Model]: the sum of the embeddings of token, position
// and type 0, normed.
func (c Config) Embed(scope *context.Context, ids, mask *Node) *Node {
	if err := c.Validate(); err != nil {
		panic(err)
	}
	family.CheckInputs(ids, mask)
	g, length := ids.Graph(), ids.Shape().Dimensions[1]
	if length > c.MaxPositions {
		exceptions.Panicf("bert: texts of %d tokens, more than the %d positions of the model", length, c.MaxPositions)
	}
	scope = scope.In("embeddings")
	positions := layer.Variable(scope.In("position_embeddings"), g, layer.VarWeight, c.MaxPositions, c.Hidden)
	types := layer.Variable(scope.In("token_type_embeddings"), g, layer.VarWeight, c.TypeVocab, c.Hidden)
	same := Add(Slice(positions, AxisRange(0, length)), Slice(types, AxisRange(0, 1))) // for all texts
	x := layer.Embedding(scope.In("word_embeddings"), ids, c.Vocab, c.Hidden)
	return layer.LayerNorm(scope.In("LayerNorm"), Add(x, ExpandAxes(same, 0)), c.LayerNormEps)
}

// Layer implements [family.Model]. Both norms stay when their sub-layer is
// dropped: x = norm(x).
func (c Config) Layer(scope *context.Context, i int, x, mask *Node) (afterAttention, afterMLP *Node) {
	at := func(path string) *context.Context { return family.Scope(scope, layerPath(i)+path) }
	if c.hasAttention(i) {
		x = Add(x, c.attention(at, x, mask))
	}
	afterAttention = layer.LayerNorm(at(pathAttentionNorm), x, c.LayerNormEps)
	x = afterAttention
	if width := c.Intermediate[i]; width > 0 {
		inner := layer.GELU(layer.Linear(at(pathUp), x, width))
		inner = layer.Gate(at(pathIntermediate), inner)
		x = Add(x, layer.Linear(at(pathDown), inner, c.Hidden))
	}
	return afterAttention, layer.LayerNorm(at(pathOutputNorm), x, c.LayerNormEps)
}

// Final implements [family.Model]: nothing follows the last layer.
func (c Config) Final(_ *context.Context, x *Node) *Node { return x }

// attention is multi-head attention of every token to every token. at returns
// the scope of a path in the layer.
func (c Config) attention(at func(path string) *context.Context, x, mask *Node) *Node {
	batch, length := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	heads := func(path string) *Node {
		return Reshape(layer.Linear(at(path), x, c.Hidden), batch, length, c.Heads, c.Hidden/c.Heads)
	}
	out := layer.Attention(heads(pathQuery), heads(pathKey), heads(pathValue), layer.AttentionBias(mask, false))
	return layer.Linear(at(pathAttentionOutput), out, c.Hidden)
}
