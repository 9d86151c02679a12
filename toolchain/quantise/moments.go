package quantise

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/layer"
)

// Moments hold, for every matrix of a model, the second moments of the vectors
// that it was multiplied with: the mean over tokens of x xᵀ, [in, in]. Matrices
// with the same input share one slice. Keys are tensor names.
type Moments map[string][]float32

// batchTexts is how many texts run at once.
const batchTexts = 8

// Collect runs a model in float32 over texts, given as tokens, and measures the
// inputs of its matrices. A few hundred passages of the kind that the model will
// see are enough. Texts are padded to the longest.
func Collect(ctx context.Context, backend backends.Backend, m family.Model, w family.Weights, texts [][]int32, progress func(done, total int)) (Moments, error) {
	if len(texts) == 0 {
		return nil, fmt.Errorf("calibration: there are no texts: give some that look like those the model will embed")
	}
	weights := mlcontext.New()
	defer weights.Finalize()
	if err := m.Load(weights, w); err != nil {
		return nil, err
	}
	c := &collector{}
	exec, err := mlcontext.NewExec(backend, weights, func(scope *mlcontext.Context, ids, mask *graph.Node) []*graph.Node {
		return c.build(m, scope, ids, mask)
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	length := 1
	for _, text := range texts {
		length = max(length, len(text))
	}
	for start := 0; start < len(texts); start += batchTexts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := texts[start:min(start+batchTexts, len(texts))]
		if err := c.run(exec, part, length); err != nil {
			return nil, fmt.Errorf("calibration: %w", err)
		}
		if progress != nil {
			progress(start+len(part), len(texts))
		}
	}
	return c.moments()
}

// collector adds up the outputs of a graph.
type collector struct {
	inputOf map[string]int // output by tensor name
	sums    [][]float32    // per output, [in, in]
	tokens  int
}

// build makes the graph: one output per distinct input of a linear map, the sum
// over tokens of x xᵀ.
func (c *collector) build(m family.Model, scope *mlcontext.Context, ids, mask *graph.Node) []*graph.Node {
	c.inputOf = make(map[string]int)
	var inputs []*graph.Node
	known := make(map[*graph.Node]int)
	scope.SetParam(layer.ParamObserver, layer.Observer(func(at *mlcontext.Context, x *graph.Node) {
		i, seen := known[x]
		if !seen {
			i = len(inputs)
			known[x] = i
			inputs = append(inputs, x)
		}
		c.inputOf[tensorName(at.Scope())] = i
	}))
	family.Forward(m, scope, ids, mask)
	outputs := make([]*graph.Node, len(inputs))
	for i, x := range inputs {
		kept := graph.Mul(x, graph.ExpandAxes(graph.ConvertDType(mask, dtypes.Float32), -1))
		outputs[i] = graph.DotGeneral(kept, []int{0, 1}, nil, kept, []int{0, 1}, nil)
	}
	return outputs
}

// tensorName turns the scope of a linear map into the name of its weight.
func tensorName(scope string) string {
	return strings.ReplaceAll(strings.Trim(scope, "/"), "/", ".") + "." + layer.VarWeight
}

// run adds one batch. Missing texts are rows of padding, whose single token the
// mask leaves out of the sums.
func (c *collector) run(exec *mlcontext.Exec, texts [][]int32, length int) error {
	ids := make([]int32, batchTexts*length)
	mask := make([]bool, batchTexts*length)
	for row, text := range texts {
		copy(ids[row*length:], text)
		for t := range text {
			mask[row*length+t] = true
		}
		c.tokens += len(text)
	}
	outputs, err := exec.Exec(
		tensors.FromFlatDataAndDimensions(ids, batchTexts, length),
		tensors.FromFlatDataAndDimensions(mask, batchTexts, length),
	)
	if err != nil {
		return err
	}
	if c.sums == nil {
		c.sums = make([][]float32, len(outputs))
	}
	for i, out := range outputs {
		if err := tensors.ConstFlatData(out, func(data []float32) {
			if c.sums[i] == nil {
				c.sums[i] = make([]float32, len(data))
			}
			for j, x := range data {
				c.sums[i][j] += x
			}
		}); err != nil {
			return err
		}
		out.MustFinalizeAll()
	}
	return nil
}

func (c *collector) moments() (Moments, error) {
	if c.tokens == 0 {
		return nil, fmt.Errorf("calibration: the texts have no tokens")
	}
	for i, sum := range c.sums {
		for j := range sum {
			sum[j] /= float32(c.tokens)
			if x := sum[j]; x != x || x > 1e30 {
				return nil, fmt.Errorf("calibration: input %d of the model's matrices is not finite: the model's weights are unusable", i)
			}
		}
	}
	m := make(Moments, len(c.inputOf))
	for name, i := range c.inputOf {
		m[name] = c.sums[i]
	}
	return m, nil
}
