package export

import (
	"fmt"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Rounder chooses the values to which the weights of one of the checkpoint's
// matrices are rounded, [outputs, inputs] by the tensor's name, such as one that
// knows typical inputs (GPTQ). Packing keeps values that lie on a grid of the
// tensor's bits if in each group of 32 inputs some weight has the lowest level
// and some the highest.
type Rounder = func(name string, w []float32, out, in int) ([]float32, error)

// rounded is a checkpoint whose layers' matrices went through a rounder.
type rounded struct {
	Source
	round Rounder
}

// Tensor implements Source.
func (r rounded) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := r.Source.Tensor(name)
	layer := strings.HasPrefix(name, "encoder.layer.") || strings.HasPrefix(name, "model.layers.")
	if err != nil || !layer || len(t.Shape) != 2 {
		return t, err
	}
	values, err := r.round(name, t.Data, t.Shape[0], t.Shape[1])
	if err == nil && len(values) != len(t.Data) {
		err = fmt.Errorf("the rounder returned %d weights for %d", len(values), len(t.Data))
	}
	if err != nil {
		return t, fmt.Errorf("export: round %s: %w", name, err)
	}
	t.Data = values
	return t, nil
}
