package layer

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// The norms divide by a square root because GoMLX has no gradient for Rsqrt.

// RMSNorm is x / √(mean(x²) + eps) · weight over the last axis of x, float32
// [..., width] (arXiv:1910.07467).
func RMSNorm(scope *context.Context, x *Node, eps float64) *Node {
	weight := Variable(scope, x.Graph(), VarWeight, x.Shape().Dimensions[x.Rank()-1])
	return Mul(scaleToOne(x, eps), alongLastAxis(weight, x))
}

// LayerNorm is (x - mean(x)) / √(var(x) + eps) · weight + bias over the last
// axis of x, float32 [..., width], with the variance of the population
// (arXiv:1607.06450).
func LayerNorm(scope *context.Context, x *Node, eps float64) *Node {
	g, width := x.Graph(), x.Shape().Dimensions[x.Rank()-1]
	weight := Variable(scope, g, VarWeight, width)
	bias := Variable(scope, g, VarBias, width)
	centred := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	return Add(Mul(scaleToOne(centred, eps), alongLastAxis(weight, x)), alongLastAxis(bias, x))
}

// scaleToOne divides x by the root of its mean square over the last axis.
func scaleToOne(x *Node, eps float64) *Node {
	meanSquare := ReduceAndKeep(Square(x), ReduceMean, -1)
	return Mul(x, Reciprocal(Sqrt(AddScalar(meanSquare, eps))))
}
