package compress

import "github.com/effir/effir/toolchain/checkpoint"

// Cost is what a model costs, by its configuration. An output projection (lm_head) does not count,
// for an encoder does not run it; the paper counts likewise.
type Cost struct {
	// Parameters by place; norms belong to the sub-layer that they are for.
	Embedding int64 // token, position and type embeddings
	Attention int64
	MLP       int64
	Other     int64 // final norm, dense head

	// MultiplyAdds is the number of multiply-adds per token in the layers' matrix products with
	// weights. The products of queries with keys come on top, in proportion to the text's length.
	MultiplyAdds int64

	Bytes int64 // of all parameters in the checkpoint's number format
}

// Layers is the number of parameters of all layers.
func (c Cost) Layers() int64 { return c.Attention + c.MLP }

// Parameters is the number of all parameters.
func (c Cost) Parameters() int64 { return c.Embedding + c.Layers() + c.Other }

// CostOf counts a model of one of the known families.
func CostOf(cfg checkpoint.Config) Cost {
	var c Cost
	layout := layouts[cfg.ModelType]
	for _, spec := range cfg.Tensors() {
		n := spec.Elements()
		_, part, inLayer := layout.split(spec.Name)
		switch {
		case spec.Name == "lm_head.weight":
			continue
		case !inLayer && layout.ofEmbedding(spec.Name):
			c.Embedding += n
		case !inLayer:
			c.Other += n
		case layout.ofAttention(part):
			c.Attention += n
		default:
			c.MLP += n
		}
		if inLayer && len(spec.Shape) == 2 {
			c.MultiplyAdds += n
		}
	}
	c.Bytes = 4 * c.Parameters()
	if cfg.TorchDtype != "float32" {
		c.Bytes /= 2
	}
	return c
}
