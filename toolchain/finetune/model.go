package finetune

import (
	"fmt"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/floatmodel"
	"github.com/effir/effir/toolchain/reader"
)

// network is a model with its weights in a scope of the run's context.
type network struct {
	checkpoint *checkpoint.Checkpoint
	config     checkpoint.Config
	embedding  checkpoint.Embedding
	model      family.Trainable
	scope      *context.Context
	pooling    pooling.Kind
}

// openNetwork opens a checkpoint; adjust may change how it embeds. Close its
// checkpoint after use.
func openNetwork(dir string, scope *context.Context, adjust func(*checkpoint.Embedding) error) (_ *network, err error) {
	c, err := checkpoint.Open(dir)
	if err != nil {
		return nil, err
	}
	n := &network{checkpoint: c, config: c.Config(), scope: scope}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	// A model that does not say how it embeds is no retriever yet; the mean over
	// its tokens is the best start.
	n.embedding = checkpoint.Embedding{Pooling: checkpoint.PoolMean, Normalize: true, MaxTokens: min(reader.DefaultTokens, n.config.MaxPositionEmbeddings)}
	if n.config.Embedding != nil {
		n.embedding = *n.config.Embedding
	}
	if adjust != nil {
		if err := adjust(&n.embedding); err != nil {
			return nil, err
		}
	}
	if n.pooling, err = pooling.Parse(n.embedding.Pooling); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	model, err := floatmodel.Of(n.Config())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	var ok bool
	if n.model, ok = model.(family.Trainable); !ok {
		return nil, fmt.Errorf("%s: models of type %q cannot be trained", dir, n.config.ModelType)
	}
	return n, nil
}

// load puts the weights into the scope, a head included.
func (n *network) load() error {
	w := floatmodel.Weights(n.checkpoint)
	if err := n.model.Load(n.scope, w); err != nil {
		return err
	}
	if n.embedding.HeadDims == 0 {
		return nil
	}
	dims := n.embedding.HeadDims
	return family.Load(n.scope, w, []family.Tensor{
		{Name: headWeight, Shape: []int{dims, n.config.HiddenSize}}, {Name: headBias, Shape: []int{dims}},
	})
}

// The tensors of a head.
const (
	headWeight = "head.weight"
	headBias   = "head.bias"
)

// outputs are what a model makes of a block of texts.
type outputs struct {
	states    family.States
	pooled    *Node // float32 [rows, hidden], before a head
	embedding *Node // float32 [rows, dims], normalised
	mask      *Node // bool [rows, length], true for tokens
}

// run builds the model. ids: int32 [rows, length]; lengths: int32 [rows].
func (n *network) run(ids, lengths *Node) outputs {
	position := Iota(ids.Graph(), ids.Shape(), 1)
	mask := LessThan(position, BroadcastToShape(ExpandAxes(lengths, -1), ids.Shape()))
	out := outputs{states: family.Forward(n.model, n.scope, ids, mask), mask: mask}
	pooled := mask
	if n.embedding.Skip > 0 {
		pooled = LogicalAnd(mask, GreaterOrEqual(position, Const(ids.Graph(), int32(n.embedding.Skip))))
	}
	out.pooled = pooling.Pool(n.pooling, out.states.Last, pooled)
	v := out.pooled
	if n.embedding.HeadDims > 0 {
		v = layer.Linear(n.scope.In("head"), v, n.embedding.HeadDims)
	}
	out.embedding = pooling.Normalize(v)
	return out
}

// dims is the length of the model's vectors.
func (n *network) dims() int {
	c := n.Config()
	return c.Dims()
}
