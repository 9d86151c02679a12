package analyze

import (
	"fmt"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/pooling"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/floatmodel"
)

// runner computes a model part by part, with the weights of one part in memory. Layers of equal
// structure share one compiled program: each is presented to it as layer 0 of a model that has no
// other.
type runner struct {
	backend  backends.Backend
	programs map[structure]*program // of layers
}

// structure is what must agree for layers to share a program.
type structure struct {
	attention bool
	width     int
}

func newRunner(backend backends.Backend) *runner {
	return &runner{backend: backend, programs: map[structure]*program{}}
}

func (r *runner) close() {
	for _, p := range r.programs {
		p.close()
	}
}

// layer returns the program of a layer with its weights loaded. It maps states, float32
// [batch, length, hidden], and a mask, bool [batch, length], to the layer's output and, for each
// token, 1 - cosine of attention, MLP and block, float32 [batch, length]. It is valid until the next
// call.
func (r *runner) layer(m compress.Model, i int) (*program, error) {
	cfg := m.Config()
	var others []int
	for other := range cfg.NumHiddenLayers {
		if other != i {
			others = append(others, other)
		}
	}
	alone, err := compress.New(m, compress.Plan{DropBlocks: others})
	if err != nil {
		return nil, err
	}
	one, err := floatmodel.Of(alone.Config())
	if err != nil {
		return nil, err
	}
	key := structure{attention: compress.HasAttention(cfg, i), width: cfg.MLPWidth(i)}
	p := r.programs[key]
	if p == nil {
		p, err = newProgram(r.backend, func(scope *mlcontext.Context, inputs []*graph.Node) []*graph.Node {
			x, mask := inputs[0], inputs[1]
			attended, out := one.Layer(scope, 0, x, mask)
			return []*graph.Node{out, distance(x, attended), distance(attended, out), distance(x, out)}
		})
		if err != nil {
			return nil, err
		}
		r.programs[key] = p
	}
	err = p.load(func(scope *mlcontext.Context) error { return one.Load(scope, weights{alone}, 0) })
	if err != nil {
		return nil, fmt.Errorf("layer %d: %w", i, err)
	}
	return p, nil
}

// embedding returns the program that maps ids, int32 [batch, length], and a mask to the input of
// layer 0. The caller closes it.
func (r *runner) embedding(m compress.Model) (*program, error) {
	f, err := floatmodel.Of(m.Config())
	if err != nil {
		return nil, err
	}
	return r.part(
		func(scope *mlcontext.Context) error { return f.Load(scope, weights{m}, family.PartEmbedding) },
		func(scope *mlcontext.Context, ids, mask *graph.Node) *graph.Node { return f.Embed(scope, ids, mask) },
	)
}

// vector returns the program that maps the last layer's output and a mask to the texts' vectors of
// length one, float32 [batch, dims], as the embedding section of the configuration says. The caller
// closes it.
func (r *runner) vector(m compress.Model, e checkpoint.Embedding) (*program, error) {
	cfg := m.Config()
	f, err := floatmodel.Of(cfg)
	if err != nil {
		return nil, err
	}
	kind, err := pooling.Parse(e.Pooling)
	if err != nil {
		return nil, err
	}
	return r.part(
		func(scope *mlcontext.Context) error {
			if err := f.Load(scope, weights{m}, family.PartFinal); err != nil || e.HeadDims == 0 {
				return err
			}
			return family.Load(scope, weights{m}, []family.Tensor{
				{Name: "head.weight", Shape: []int{e.HeadDims, cfg.HiddenSize}}, {Name: "head.bias", Shape: []int{e.HeadDims}},
			})
		},
		func(scope *mlcontext.Context, x, mask *graph.Node) *graph.Node {
			position := graph.Iota(x.Graph(), shapes.Make(dtypes.Int32, mask.Shape().Dimensions...), 1)
			mask = graph.LogicalAnd(mask, graph.GreaterOrEqual(position, graph.Const(x.Graph(), int32(e.Skip))))
			pooled := pooling.Pool(kind, f.Final(scope, x), mask)
			if e.HeadDims > 0 {
				pooled = layer.Linear(scope.In("head"), pooled, e.HeadDims)
			}
			return pooling.Normalize(pooled)
		},
	)
}

// part makes and loads a program of two inputs and one result.
func (r *runner) part(load func(*mlcontext.Context) error, build func(scope *mlcontext.Context, input, mask *graph.Node) *graph.Node) (*program, error) {
	p, err := newProgram(r.backend, func(scope *mlcontext.Context, inputs []*graph.Node) []*graph.Node {
		return []*graph.Node{build(scope, inputs[0], inputs[1])}
	})
	if err != nil {
		return nil, err
	}
	if err := p.load(load); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// distance is 1 - cos(x, y) over the last axis, in float32: 0 for equal vectors, at most 2.
func distance(x, y *graph.Node) *graph.Node {
	dot := graph.ReduceSum(graph.Mul(x, y), -1)
	norms := graph.Mul(graph.Sqrt(graph.ReduceSum(graph.Square(x), -1)), graph.Sqrt(graph.ReduceSum(graph.Square(y), -1)))
	return graph.OneMinus(graph.Div(dot, norms))
}

// weights shows a model's tensors as graphs want to see them.
type weights struct{ model compress.Model }

// Tensor implements family.Weights.
func (w weights) Tensor(name string) ([]int, []float32, error) {
	t, err := w.model.Tensor(name)
	return t.Shape, t.Data, err
}

// empty tells whether a layer does nothing at all, which a pre-norm layer without attention and MLP
// does.
func empty(cfg checkpoint.Config, layer int) bool {
	return cfg.ModelType == checkpoint.Llama && !compress.HasAttention(cfg, layer) && !compress.HasMLP(cfg, layer)
}
