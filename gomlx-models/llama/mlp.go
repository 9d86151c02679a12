package llama

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// mlp is SwiGLU (arXiv:2002.05202): down(silu(gate(x)) · up(x)) with inner width
// width. x is float32 [batch, length, Hidden], already normed; so is the result.
func mlp(scope *context.Context, x *Node, width int) *Node {
	hidden := x.Shape().Dimensions[x.Rank()-1]
	gate := linear(scope.In("gate_proj"), x, width)
	up := linear(scope.In("up_proj"), x, width)
	return linear(scope.In("down_proj"), Mul(silu(gate), up), hidden)
}

// silu is x·σ(x).
func silu(x *Node) *Node { return Mul(x, Logistic(x)) }
