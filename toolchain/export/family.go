package export

import (
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/model"
)

// family knows how a model family's checkpoint fills a package.
type family interface {
	// describe fills the family's section of the manifest.
	describe(m *model.Manifest, layers model.Layers, o *Options)
	// values returns a tensor's values.
	values(m *model.Manifest, slot model.Slot) (matrix, error)
}

func familyOf(src Source) (family, error) {
	switch c := src.Config(); c.ModelType {
	case checkpoint.Llama:
		return llama{src}, nil
	case checkpoint.Bert:
		return bert{src}, nil
	default:
		return nil, fmt.Errorf("export: model_type is %q; supported: llama, bert", c.ModelType)
	}
}

// matrix holds a tensor's values, float32 [rows, columns]. It may have fewer rows
// and columns than the slot that it fills: the rest is padding.
type matrix struct {
	data          []float32
	rows, columns int
}

// vector is a tensor whose shape does not matter to how it is stored.
func vector(data []float32, err error) (matrix, error) { return matrix{data, 1, len(data)}, err }

// part is a tensor of the checkpoint that is stored as so many rows, the last of
// them padding.
type part struct {
	name   string
	rows   int
	stored int
}

// stack reads matrices with the same columns and lays them one below the other.
func stack(src Source, columns int, parts ...part) (matrix, error) {
	var m matrix
	m.columns = columns
	for _, p := range parts {
		data, err := tensor(src, p.name, p.rows, columns)
		if err != nil {
			return matrix{}, err
		}
		m.data = append(m.data, data...)
		m.data = append(m.data, make([]float32, (p.stored-p.rows)*columns)...)
		m.rows += p.stored
	}
	return m, nil
}

// layerPart splits the name of a layer's tensor.
func layerPart(name string) (layer int, part string, err error) {
	if _, err := fmt.Sscanf(name, "layer.%d.%s", &layer, &part); err != nil {
		return 0, "", fmt.Errorf("export: no rule for tensor %s", name)
	}
	return layer, part, nil
}

// tensor reads one tensor and holds it against shape and finiteness.
func tensor(src Source, name string, shape ...int) ([]float32, error) {
	t, err := src.Tensor(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("export: %s has shape %v, config.json asks for %v", name, t.Shape, shape)
	}
	for i, x := range t.Data {
		// 60000 lies below float16's limit, which scales must not reach.
		if !(math.Abs(float64(x)) < 60000) {
			return nil, fmt.Errorf("export: %s[%d] is %v: weights must be finite and below 60000", name, i, x)
		}
	}
	return t.Data, nil
}
