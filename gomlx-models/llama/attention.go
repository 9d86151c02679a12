package llama

import (
	"math"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	core "github.com/gomlx/gomlx/pkg/ml/layers/attention"
)

// attention is grouped-query attention: softmax(q·kᵀ/√HeadDim)·v per head, where
// Heads/KVHeads neighbouring query heads share a key and value head.
// x is float32 [batch, length, Hidden], already normed; so is the result.
func attention(scope *context.Context, cfg Config, x *Node, rope rotary, allowed *Node) *Node {
	batch, length := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	heads := func(name string, n int) *Node {
		return Reshape(linear(scope.In(name), x, n*cfg.HeadDim), batch, length, n, cfg.HeadDim)
	}
	q := rope.turn(heads("q_proj", cfg.Heads))
	k := rope.turn(heads("k_proj", cfg.KVHeads))
	v := heads("v_proj", cfg.KVHeads)
	scale := 1 / math.Sqrt(float64(cfg.HeadDim))
	out, _ := core.Core(scope, q, k, v, scale, allowed, nil, core.LayoutBSHD, false, false)
	return linear(scope.In("o_proj"), Reshape(out, batch, length, cfg.Heads*cfg.HeadDim), cfg.Hidden)
}

// attentionMask tells which key a query may see: bool, broadcastable to
// [batch, query, head, key], from the padding mask, bool [batch, length].
func attentionMask(cfg Config, mask *Node) *Node {
	batch, length := mask.Shape().Dimensions[0], mask.Shape().Dimensions[1]
	keys := Reshape(mask, batch, 1, 1, length)
	if !cfg.Causal {
		return BroadcastToDims(keys, batch, length, 1, length)
	}
	earlier := Reshape(LowerTriangular(mask.Graph(), length), 1, length, 1, length)
	return LogicalAnd(BroadcastToDims(keys, batch, length, 1, length), BroadcastToDims(earlier, batch, length, 1, length))
}
