package compress

import (
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Model is a checkpoint: *checkpoint.Checkpoint, and what New returns.
type Model interface {
	Config() checkpoint.Config
	Tensor(name string) (checkpoint.Tensor, error)
	TokenizerJSON() ([]byte, error)
}

// Compressed is what is left of a model. It slices each tensor when asked for it and keeps
// none in memory.
type Compressed struct {
	base   Model
	layout layout
	plan   Plan
	kept   []int // the base's number of each layer
	config checkpoint.Config
	names  map[string]bool // of the tensors that are left
}

// New takes from base what the plan says. The configuration gets a CompressionStep.
func New(base Model, plan Plan) (*Compressed, error) {
	cfg := base.Config()
	layout, ok := layouts[cfg.ModelType]
	if !ok {
		return nil, fmt.Errorf("compress: model_type %q is unknown", cfg.ModelType)
	}
	plan, err := plan.normalize(cfg)
	if err != nil {
		return nil, err
	}
	c := &Compressed{base: base, layout: layout, plan: plan, kept: plan.kept(cfg)}
	c.config = c.plan.configure(cfg, c.kept)
	c.names = map[string]bool{}
	for _, spec := range c.config.Tensors() {
		c.names[spec.Name] = true
	}
	return c, c.config.Validate()
}

// configure derives the configuration of what is left.
func (p Plan) configure(cfg checkpoint.Config, kept []int) checkpoint.Config {
	step := checkpoint.CompressionStep{
		DroppedMLP: p.DropMLP, DroppedAttention: p.DropAttention, DroppedBlocks: p.DropBlocks,
		ParametersBefore: CostOf(cfg).Parameters(),
	}
	left, widths := cfg, p.widths(cfg, kept)
	if len(p.Neurons) > 0 {
		for i, layer := range kept {
			if widths[i] > 0 {
				step.WidthsBefore = append(step.WidthsBefore, cfg.MLPWidth(layer))
				step.WidthsAfter = append(step.WidthsAfter, widths[i])
			}
		}
	}
	left.NumHiddenLayers = len(kept)
	left.IntermediateSize, left.IntermediateSizes = 0, widths
	if slices.Min(widths) == slices.Max(widths) && widths[0] > 0 {
		left.IntermediateSize, left.IntermediateSizes = widths[0], nil
	}
	left.DroppedAttention = nil
	for i, layer := range kept {
		if !HasAttention(cfg, layer) || slices.Contains(p.DropAttention, layer) {
			left.DroppedAttention = append(left.DroppedAttention, i)
		}
	}
	step.ParametersAfter = CostOf(left).Parameters()
	left.Compression = append(slices.Clip(cfg.Compression), step)
	return left
}

// Config implements Model.
func (c *Compressed) Config() checkpoint.Config { return c.config }

// Plan returns what was taken away.
func (c *Compressed) Plan() Plan { return c.plan }

// TokenizerJSON implements Model.
func (c *Compressed) TokenizerJSON() ([]byte, error) { return c.base.TokenizerJSON() }

// Tensor implements Model.
func (c *Compressed) Tensor(name string) (checkpoint.Tensor, error) {
	if !c.names[name] {
		return checkpoint.Tensor{}, fmt.Errorf("compress: no tensor %s in the model that is left", name)
	}
	layer, part, ok := c.layout.split(name)
	if !ok {
		return c.base.Tensor(name)
	}
	old := c.kept[layer]
	t, err := c.base.Tensor(c.layout.join(old, part))
	if err != nil {
		return t, err
	}
	t.Name = name
	if scale, ok := c.plan.Scale[old]; ok && slices.Contains(c.layout.columns, part) {
		t = scaleColumns(t, scale)
	}
	if neurons, ok := c.plan.Neurons[old]; ok {
		switch {
		case slices.Contains(c.layout.rows, part):
			return keepRows(t, neurons), nil
		case slices.Contains(c.layout.columns, part):
			return keepColumns(t, neurons), nil
		}
	}
	return t, nil
}

// keepRows copies the given rows of a matrix, or entries of a vector.
func keepRows(t checkpoint.Tensor, rows []int) checkpoint.Tensor {
	width := len(t.Data) / t.Shape[0]
	data := make([]float32, 0, len(rows)*width)
	for _, row := range rows {
		data = append(data, t.Data[row*width:(row+1)*width]...)
	}
	shape := slices.Clone(t.Shape)
	shape[0] = len(rows)
	return checkpoint.Tensor{Name: t.Name, Shape: shape, Data: data}
}

// keepColumns copies the given columns of a matrix.
func keepColumns(t checkpoint.Tensor, columns []int) checkpoint.Tensor {
	data := make([]float32, 0, t.Shape[0]*len(columns))
	for row := range slices.Chunk(t.Data, t.Shape[1]) {
		for _, column := range columns {
			data = append(data, row[column])
		}
	}
	return checkpoint.Tensor{Name: t.Name, Shape: []int{t.Shape[0], len(columns)}, Data: data}
}

// scaleColumns multiplies each column of a matrix by its factor.
func scaleColumns(t checkpoint.Tensor, scale []float32) checkpoint.Tensor {
	data := make([]float32, len(t.Data))
	for i, x := range t.Data {
		data[i] = x * scale[i%t.Shape[1]]
	}
	return checkpoint.Tensor{Name: t.Name, Shape: t.Shape, Data: data}
}
