package loss

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// SlimBeta is the steepness that EffiR takes for [SlimPenalty].
const SlimBeta = 5.0

// SlimPenalty stands for the number of units whose gates are not zero: the sum
// over all gates z of σ(beta·|ReLU(z)|) (EffiR, arXiv:2512.20612, appendix A.1).
// It is lowest, 1/2 a unit, where ReLU(z) is 0, and there the gradient of a
// negative z vanishes: a unit that is off stays off. It is a sum: EffiR
// multiplies it by 1e-8. gates are float32 [width] each.
func SlimPenalty(beta float64, gates ...*Node) *Node {
	if len(gates) == 0 {
		exceptions.Panicf("loss: a penalty of no gates")
	}
	// ReLU is not negative, so it is its own absolute value.
	return ReduceAllSum(Logistic(MulScalar(MaxScalar(Concatenate(gates, 0), 0), beta)))
}
