package llama

import (
	"slices"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// linear multiplies the last axis of x, float32 [..., in], by the transposed
// weight in scope, [out, in]: float32 [..., out]. Every matrix product of the
// model with a weight goes through here.
func linear(scope *context.Context, x *Node, out int) *Node {
	axis := x.Rank() - 1
	weight := parameter(scope, x.Graph(), out, x.Shape().Dimensions[axis])
	return DotGeneral(x, []int{axis}, nil, weight, []int{1}, nil)
}

// parameter returns the value of the variable "weight" in scope and checks its
// shape. It only looks variables up, so that it works on a context in whatever
// state of checking for new or reused variables.
func parameter(scope *context.Context, g *Graph, shape ...int) *Node {
	v := scope.GetVariable("weight")
	if v == nil {
		exceptions.Panicf("llama: no weights in scope %s: load them first", scope.Scope())
	}
	if !slices.Equal(v.Shape().Dimensions, shape) {
		exceptions.Panicf("llama: weight in scope %s is %s, want %v", scope.Scope(), v.Shape(), shape)
	}
	return v.ValueGraph(g)
}
