package llama

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// Weights gives access to a checkpoint's tensors by Hugging Face's names.
// Linear weights are row-major [outputs, inputs]; rows of q_proj and k_proj are
// in the half-split order of rotary positions. The data may be overwritten by
// the next call.
type Weights interface {
	Tensor(name string) (shape []int, data []float32, err error)
}

// Load creates the variables of the encoder, everything but lm_head, in scope.
// Shapes must be those of cfg and all values finite; other tensors of w are not
// touched. The first error leaves scope with some of the variables.
func Load(scope *context.Context, cfg Config, w Weights) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	for _, p := range cfg.parameters() {
		if err := p.load(scope, w); err != nil {
			return err
		}
	}
	return nil
}

// LoadHead creates the variable of lm_head in scope, which [Logits] needs. With
// tied embeddings there is none and LoadHead does nothing.
func LoadHead(scope *context.Context, cfg Config, w Weights) error {
	if cfg.Tied {
		return nil
	}
	return tensorSpec{"lm_head.weight", []int{cfg.Vocab, cfg.Hidden}}.load(scope, w)
}

// tensorSpec is the name and shape of one tensor.
type tensorSpec struct {
	name  string
	shape []int
}

// parameters lists the encoder's tensors.
func (c Config) parameters() []tensorSpec {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	list := []tensorSpec{{"model.embed_tokens.weight", []int{c.Vocab, c.Hidden}}}
	for i, width := range c.Intermediate {
		add := func(name string, shape ...int) {
			list = append(list, tensorSpec{"model.layers." + strconv.Itoa(i) + "." + name + ".weight", shape})
		}
		add("input_layernorm", c.Hidden)
		add("self_attn.q_proj", q, c.Hidden)
		add("self_attn.k_proj", kv, c.Hidden)
		add("self_attn.v_proj", kv, c.Hidden)
		add("self_attn.o_proj", c.Hidden, q)
		if width > 0 {
			add("post_attention_layernorm", c.Hidden)
			add("mlp.gate_proj", width, c.Hidden)
			add("mlp.up_proj", width, c.Hidden)
			add("mlp.down_proj", c.Hidden, width)
		}
	}
	return append(list, tensorSpec{"model.norm.weight", []int{c.Hidden}})
}

// load copies the tensor into a new variable.
func (p tensorSpec) load(scope *context.Context, w Weights) error {
	shape, data, err := w.Tensor(p.name)
	if err != nil {
		return fmt.Errorf("load %s: %w", p.name, err)
	}
	if !slices.Equal(shape, p.shape) {
		return fmt.Errorf("load %s: shape %v, want %v: config and weights do not belong together", p.name, shape, p.shape)
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	if len(data) != size {
		return fmt.Errorf("load %s: %d values for shape %v", p.name, len(data), shape)
	}
	for i, x := range data {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("load %s: value %d is %g: the weights are damaged", p.name, i, x)
		}
	}
	path := strings.Split(p.name, ".")
	for _, part := range path[:len(path)-1] {
		scope = scope.In(part)
	}
	name := path[len(path)-1]
	if scope.GetVariable(name) != nil {
		return fmt.Errorf("load %s: scope %s has this variable already", p.name, scope.Scope())
	}
	scope.VariableWithValue(name, tensors.FromFlatDataAndDimensions(data, shape...))
	return nil
}
