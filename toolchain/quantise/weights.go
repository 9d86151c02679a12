package quantise

import (
	"fmt"
	"strings"

	"github.com/effir/effir/gomlx-models/family"
)

// Rounder chooses the values to which the weights of one matrix, [out, in], are
// rounded. name is the tensor's.
type Rounder func(name string, w []float32, out, in int) ([]float32, error)

// Plain rounds every matrix to the nearest values of a grid.
func Plain(g Grid) Rounder {
	return func(_ string, w []float32, out, in int) ([]float32, error) { return g.Round(w, out, in) }
}

// IsLayerMatrix tells whether a tensor is one of those that packages hold in few
// bits: the matrices of the layers, not embeddings, norms, biases and heads.
func IsLayerMatrix(name string, shape []int) bool {
	return len(shape) == 2 && (strings.HasPrefix(name, "encoder.layer.") || strings.HasPrefix(name, "model.layers."))
}

// Weights shows a model's weights with the layers' matrices rounded: what the
// package's weights are worth when nothing else is.
func Weights(w family.Weights, round Rounder) family.Weights { return rounded{w, round} }

type rounded struct {
	family.Weights
	round Rounder
}

// Tensor implements family.Weights.
func (r rounded) Tensor(name string) ([]int, []float32, error) {
	shape, data, err := r.Weights.Tensor(name)
	if err != nil || !IsLayerMatrix(name, shape) {
		return shape, data, err
	}
	if data, err = r.round(name, data, shape[0], shape[1]); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return shape, data, nil
}
