// Package layer has the layers that model families share, as GoMLX graphs in
// float32: linear maps with adapters and simulated quantisation, norms,
// activations, attention and token embeddings.
//
// A layer reads its variables from the scope it is given; it never creates
// them. Layers work on a context in whatever state of checking for new or
// reused variables. They follow GoMLX's convention for graph code: they panic
// with an error, which the executor that builds the graph returns.
package layer

import (
	"slices"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// Variable returns the value of a variable in scope and checks its shape.
func Variable(scope *context.Context, g *Graph, name string, shape ...int) *Node {
	x := optional(scope, g, name, shape...)
	if x == nil {
		exceptions.Panicf("no variable %q in scope %s: load the weights first", name, scope.Scope())
	}
	return x
}

// optional is like Variable, but returns nil if there is no such variable.
func optional(scope *context.Context, g *Graph, name string, shape ...int) *Node {
	v := scope.GetVariable(name)
	if v == nil {
		return nil
	}
	if !slices.Equal(v.Shape().Dimensions, shape) {
		exceptions.Panicf("%s in scope %s is %s, want %v", name, scope.Scope(), v.Shape(), shape)
	}
	return v.ValueGraph(g)
}

// alongLastAxis gives a vector the rank of x, so that it meets x's last axis.
func alongLastAxis(vector, x *Node) *Node { return ExpandLeftToRank(vector, x.Rank()) }
