package family

import (
	"slices"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// CheckInputs panics unless ids and mask have the types and shapes that
// [Model.Embed] asks for.
func CheckInputs(ids, mask *Node) {
	if ids.Rank() != 2 || !ids.DType().IsInt() {
		exceptions.Panicf("ids are %s, want integers [batch, length]", ids.Shape())
	}
	want := ids.Shape().Dimensions
	if mask.DType() != dtypes.Bool || !slices.Equal(mask.Shape().Dimensions, want) {
		exceptions.Panicf("mask is %s, want bool %v", mask.Shape(), want)
	}
}
