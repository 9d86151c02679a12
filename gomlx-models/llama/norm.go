package llama

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// norm is RMSNorm (arXiv:1910.07467): x / √(mean(x²) + RMSEps) · weight over the
// last axis of x, float32 [batch, length, Hidden].
//
// It divides by a square root because GoMLX has no gradient for Rsqrt.
func norm(scope *context.Context, cfg Config, x *Node) *Node {
	weight := parameter(scope, x.Graph(), cfg.Hidden)
	meanSquare := ReduceAndKeep(Square(x), ReduceMean, -1)
	x = Div(x, Sqrt(AddScalar(meanSquare, cfg.RMSEps)))
	return Mul(x, ExpandLeftToRank(weight, x.Rank()))
}
