// Package family is what all model families have in common: a model as a chain
// of layers over one residual stream, each layer an attention and an MLP.
// Analysis, compression, training and embedding work on this interface and know
// no architecture.
package family

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// Weights gives a model its tensors by Hugging Face's names.
type Weights interface {
	// Tensor returns the shape of a tensor and its values in row-major order.
	// The caller may keep the values.
	Tensor(name string) (shape []int, data []float32, err error)
}

// Part is a piece of a model that can be loaded alone: the embedding
// (PartEmbedding), what follows the last layer (PartFinal), or a layer, counted
// from 0.
type Part int

// The parts that are no layers.
const (
	PartEmbedding Part = -1
	PartFinal     Part = -2
)

// Model is one model of some family: its configuration, not its weights, which
// lie in a GoMLX context. Graph functions panic with an error, as is GoMLX's
// convention; the executor that builds the graph returns it.
type Model interface {
	// Sizes returns what callers need to know of the configuration.
	Sizes() Sizes

	// Load creates one trainable variable per tensor of the given parts; without
	// parts, of the whole model. Variables are named by the tensor, dots turned
	// into scopes.
	Load(scope *context.Context, w Weights, parts ...Part) error

	// Embed returns the input of layer 0, float32 [batch, length, Hidden].
	// ids: int32 [batch, length], padded on the right with any valid id;
	// mask: bool [batch, length], true for tokens.
	Embed(scope *context.Context, ids, mask *Node) *Node

	// Layer applies layer i to x, float32 [batch, length, Hidden], and returns the
	// residual stream after its attention and after its MLP, of the same shape.
	// A part that the model lacks returns what came in (post-norm families still
	// apply the norm that lies on the stream).
	Layer(scope *context.Context, i int, x, mask *Node) (afterAttention, afterMLP *Node)

	// Final applies what follows the last layer (a norm, or nothing).
	Final(scope *context.Context, x *Node) *Node
}

// Sizes are the sizes of a model.
type Sizes struct {
	Vocab     int    // tokens
	Hidden    int    // width of the residual stream
	MaxTokens int    // longest text that the positions allow; 0: any
	MLP       []int  // inner width of each layer's MLP, 0 for none; its length is the number of layers
	Attention []bool // whether each layer has attention
}

// Layers returns the number of layers.
func (s Sizes) Layers() int { return len(s.MLP) }

// States are the values of the residual stream on its way through a model, each
// float32 [batch, length, Hidden]. Those that a graph does not return are not
// computed for their own sake. Values at padding are meaningless.
type States struct {
	Embedding      *Node   // input of layer 0
	AfterAttention []*Node // per layer, after attention
	AfterMLP       []*Node // per layer, after the MLP: the layer's output
	Last           *Node   // after Final
}

// Forward builds the whole model. Arguments as for [Model.Embed].
func Forward(m Model, scope *context.Context, ids, mask *Node) States {
	x := m.Embed(scope, ids, mask)
	states := States{Embedding: x}
	for i := range m.Sizes().Layers() {
		attended, out := m.Layer(scope, i, x, mask)
		states.AfterAttention = append(states.AfterAttention, attended)
		states.AfterMLP = append(states.AfterMLP, out)
		x = out
	}
	states.Last = m.Final(scope, x)
	return states
}
