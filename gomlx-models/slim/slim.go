// Package slim puts self-slimming gates on a model's MLPs (EffiR,
// arXiv:2512.20612, section 5.1): a trainable factor for each unit of the inner
// vector, by which units can be ranked over all MLPs.
package slim

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
)

// AddGates creates a trainable gate for each MLP, all ones, so that the model
// computes what it did before. Other variables stay as trainable as they were;
// see [Freeze].
func AddGates(scope *context.Context, m family.Trainable) error {
	for i, width := range m.Sizes().MLP {
		if width == 0 {
			continue
		}
		at := family.Scope(scope, m.GatePath(i)).Checked(false)
		if at.GetVariable(layer.VarGate) != nil {
			return fmt.Errorf("slim: layer %d has a gate already", i)
		}
		ones := slices.Repeat([]float32{1}, width)
		at.VariableWithValue(layer.VarGate, tensors.FromFlatDataAndDimensions(ones, width))
	}
	return nil
}

// Freeze makes gates the only trainable variables in scope.
func Freeze(scope *context.Context) {
	for v := range scope.IterVariablesInScope() {
		v.SetTrainable(v.Name() == layer.VarGate)
	}
}

// Nodes returns the gates in a graph, before ReLU, of the layers that have an
// MLP: float32 [width] each.
func Nodes(scope *context.Context, g *graph.Graph, m family.Trainable) []*graph.Node {
	var list []*graph.Node
	for i, width := range m.Sizes().MLP {
		if width > 0 {
			list = append(list, layer.Variable(family.Scope(scope, m.GatePath(i)), g, layer.VarGate, width))
		}
	}
	return list
}

// Gates returns by layer what units are multiplied by, ReLU of the gate; nil for
// a layer without MLP.
func Gates(scope *context.Context, m family.Trainable) ([][]float32, error) {
	list := make([][]float32, m.Sizes().Layers())
	for i, width := range m.Sizes().MLP {
		if width == 0 {
			continue
		}
		v := family.Scope(scope, m.GatePath(i)).GetVariable(layer.VarGate)
		if v == nil {
			return nil, fmt.Errorf("slim: layer %d has no gate", i)
		}
		t, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("slim: the gate of layer %d: %w", i, err)
		}
		err = tensors.ConstFlatData(t, func(flat []float32) {
			for _, z := range flat {
				list[i] = append(list[i], max(z, 0))
			}
		})
		if err != nil {
			return nil, fmt.Errorf("slim: the gate of layer %d: %w", i, err)
		}
	}
	return list, nil
}

// RemoveGates deletes the gates. Programs that were compiled with them must be
// compiled anew.
func RemoveGates(scope *context.Context, m family.Trainable) error {
	for i, width := range m.Sizes().MLP {
		if width == 0 {
			continue
		}
		if err := scope.DeleteVariable(family.Scope(scope, m.GatePath(i)).Scope(), layer.VarGate); err != nil {
			return fmt.Errorf("slim: the gate of layer %d: %w", i, err)
		}
	}
	return nil
}
