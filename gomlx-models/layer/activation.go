package layer

import (
	"math"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// VarGate is the variable of [Gate].
const VarGate = "gate"

// SiLU is x·σ(x).
func SiLU(x *Node) *Node { return Mul(x, Logistic(x)) }

// GELU is x·Φ(x) with the normal distribution's cumulative Φ, by the error
// function (arXiv:1606.08415).
func GELU(x *Node) *Node {
	return Mul(x, MulScalar(OnePlus(Erf(MulScalar(x, math.Sqrt2/2))), 0.5))
}

// Gate multiplies the inner vector of an MLP, float32 [..., width], by ReLU of
// the variable "gate" [width] in scope, and returns x itself if there is none
// (self-slimming, EffiR, arXiv:2512.20612, equation 7).
func Gate(scope *context.Context, x *Node) *Node {
	gate := optional(scope, x.Graph(), VarGate, x.Shape().Dimensions[x.Rank()-1])
	if gate == nil {
		return x
	}
	return Mul(x, alongLastAxis(MaxScalar(gate, 0), x))
}
