package layer

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// Embedding returns the rows of the variable "weight" [rows, width] in scope for
// ids, integers of any shape: float32 [ids..., width]. Ids outside the table are
// clamped to it, so check them before.
func Embedding(scope *context.Context, ids *Node, rows, width int) *Node {
	table := Variable(scope, ids.Graph(), VarWeight, rows, width)
	return Gather(table, ExpandAxes(ids, -1))
}
