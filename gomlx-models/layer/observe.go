package layer

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// ParamObserver is a context parameter: an [Observer] that is told of every
// [Linear] while a graph is built. Without it nobody is.
const ParamObserver = "linear_observer"

// Observer is given the scope of a linear map and its input, [..., in].
type Observer func(scope *context.Context, x *Node)

// observe tells the observer, if there is one.
func observe(scope *context.Context, x *Node) {
	if o := context.GetParamOr(scope, ParamObserver, Observer(nil)); o != nil {
		o(scope, x)
	}
}
