package layer

import (
	"math"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
)

// Attention is softmax(q·kᵀ/√width + bias)·v per head, where queries/keys
// neighbouring query heads share a key and value head (grouped-query attention,
// arXiv:2305.13245).
//
//   - q: float32 [batch, length, heads, width].
//   - k, v: float32 [batch, length, kvHeads, width]; kvHeads divides heads.
//   - bias: [AttentionBias].
//
// It returns float32 [batch, length, heads·width].
func Attention(q, k, v, bias *Node) *Node {
	d := q.Shape().Dimensions
	batch, length, heads, width := d[0], d[1], d[2], d[3]
	shared := k.Shape().Dimensions[2]
	group := heads / shared
	// Products run over [batch, kvHead], with the query heads of a group one below
	// the other; scores never change their layout.
	q = MulScalar(q, 1/math.Sqrt(float64(width)))
	q = TransposeAllAxes(Reshape(q, batch, length, shared, group, width), 0, 2, 3, 1, 4)
	q = Reshape(q, batch, shared, group*length, width)
	k, v = TransposeAllAxes(k, 0, 2, 1, 3), TransposeAllAxes(v, 0, 2, 3, 1)
	scores := Add(Reshape(Product(q, k), batch, heads, length, length), bias)
	weights := Reshape(softmax(scores), batch, shared, group*length, length)
	out := TransposeAllAxes(Reshape(Product(weights, v), batch, heads, length, width), 0, 2, 1, 3)
	return Reshape(out, batch, length, heads*width)
}

// AttentionBias is what is added to the scores of keys that a query may not
// see, from the padding mask, bool [batch, length]: float32 [batch, 1, 1,
// length], or [batch, 1, length, length] if causal, where a token sees itself
// and earlier ones only.
func AttentionBias(mask *Node, causal bool) *Node {
	// Far below any score, and far from overflow.
	const hidden = -1e9
	g, d := mask.Graph(), mask.Shape().Dimensions
	visible := Reshape(mask, d[0], 1, 1, d[1])
	if causal {
		earlier := Reshape(LowerTriangular(g, d[1]), 1, 1, d[1], d[1])
		visible = LogicalAnd(BroadcastToDims(visible, d[0], 1, d[1], d[1]), BroadcastToDims(earlier, d[0], 1, d[1], d[1]))
	}
	return MulScalar(OneMinus(ConvertDType(visible, dtypes.Float32)), hidden)
}

// softmax is over the last axis.
func softmax(x *Node) *Node {
	e := Exp(Sub(x, StopGradient(ReduceAndKeep(x, ReduceMax, -1))))
	return Mul(e, Reciprocal(ReduceAndKeep(e, ReduceSum, -1)))
}
