package family

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// Tensor is the name and shape of one tensor of a model.
type Tensor struct {
	Name  string
	Shape []int
}

// Load creates a trainable variable in scope for each tensor of the list.
// Shapes must be those of the list and all values finite; other tensors of w are
// not touched. The first error leaves scope with some of the variables.
func Load(scope *context.Context, w Weights, list []Tensor) error {
	for _, t := range list {
		if err := t.load(scope, w); err != nil {
			return fmt.Errorf("load %s: %w", t.Name, err)
		}
	}
	return nil
}

// Scope returns the scope of a path with dots, such as "layers.0.mlp".
func Scope(scope *context.Context, path string) *context.Context {
	for part := range strings.SplitSeq(path, ".") {
		scope = scope.In(part)
	}
	return scope
}

func (t Tensor) load(scope *context.Context, w Weights) error {
	shape, data, err := w.Tensor(t.Name)
	if err != nil {
		return err
	}
	if !slices.Equal(shape, t.Shape) {
		return fmt.Errorf("shape %v, want %v: config and weights do not belong together", shape, t.Shape)
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	if len(data) != size {
		return fmt.Errorf("%d values for shape %v", len(data), shape)
	}
	for i, x := range data {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("value %d is %g: the weights are damaged", i, x)
		}
	}
	path, name := "", t.Name
	if dot := strings.LastIndexByte(t.Name, '.'); dot >= 0 {
		path, name = t.Name[:dot], t.Name[dot+1:]
		scope = Scope(scope, path)
	}
	if scope.GetVariable(name) != nil {
		return fmt.Errorf("scope %s has this variable already", scope.Scope())
	}
	scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(data, shape...))
	return nil
}
