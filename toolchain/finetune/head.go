package finetune

import (
	gocontext "context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/toolchain/internal/cholesky"
)

const (
	// headTexts is from how many texts a head is fitted, for each of its inputs'
	// dimensions.
	headTexts = 10
	// headRidge is the ridge of the fit, as a share of the inputs' mean variance.
	headRidge = 0.03
)

// newHead creates a head of zeros to the given number of dimensions, for
// [session.fitHead] or a saved state to fill in.
func (n *network) newHead(dims int) {
	hidden := n.config.HiddenSize
	scope := n.scope.In("head")
	scope.VariableWithValue(layer.VarWeight, tensors.FromFlatDataAndDimensions(make([]float32, dims*hidden), dims, hidden))
	scope.VariableWithValue(layer.VarBias, tensors.FromFlatDataAndDimensions(make([]float32, dims), dims))
	n.embedding.HeadDims = dims
}

// fitHead sets a new head to the ridge regression of the teacher's embeddings on
// the student's pooled states, over the first texts of the data. A student that
// is no retriever yet so begins with what its states tell already; from a random
// projection, training would need hundreds of steps to get there.
func (s *session) fitHead(ctx gocontext.Context) error {
	n := s.student
	exec, err := context.NewExec(s.backend, s.root, func(_ *context.Context, in []*Node) []*Node {
		ids, lengths := in[0], in[1]
		states := n.run(ids, lengths).pooled
		if s.stepper.separate {
			ids, lengths = in[2], in[3]
		}
		return []*Node{states, s.teacher.run(ids, lengths).embedding}
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	exec.SetMaxCache(-1)
	sums := newMoments(n.config.HiddenSize, s.teacher.dims())
	batches := s.stream.from(cursor{})
	defer batches.stop()
	shapes := map[string]bool{}
	for sums.n < headTexts*sums.in && ctx.Err() == nil {
		b, _, err := batches.next()
		if err != nil {
			return err
		}
		for _, part := range b.blocks {
			one := batch{blocks: []block{part}}
			if shape := one.shape(); !shapes[shape] {
				shapes[shape] = true
				s.options.Progress(Progress{Compiling: shape, Fitting: true})
			}
			out, err := exec.Exec(s.stepper.inputs(one, 0, 0, 0)[1:]...)
			if err != nil {
				return fmt.Errorf("fit a head: %w", err)
			}
			x, y := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
			for _, t := range out {
				t.MustFinalizeAll()
			}
			sums.add(x, y)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	weight, bias, err := sums.solve(headRidge)
	if err != nil {
		return fmt.Errorf("fit a head of %s to %s: %w", s.options.Model, s.options.Teacher, err)
	}
	scope := n.scope.In("head")
	for name, value := range map[string]*tensors.Tensor{
		layer.VarWeight: tensors.FromFlatDataAndDimensions(weight, sums.out, sums.in),
		layer.VarBias:   tensors.FromFlatDataAndDimensions(bias, sums.out),
	} {
		v := scope.GetVariable(name)
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

// moments are sums over pairs of vectors, inputs x and outputs y.
type moments struct {
	in, out, n int
	x, y       []float64 // sums, [in] and [out]
	xx, xy     []float64 // sums of products, [in, in] (lower triangle) and [in, out]
}

func newMoments(in, out int) *moments {
	return &moments{in: in, out: out, x: make([]float64, in), y: make([]float64, out),
		xx: make([]float64, in*in), xy: make([]float64, in*out)}
}

// add takes rows of x, [rows, in], and of y, [rows, out].
func (m *moments) add(x, y []float32) {
	rows := len(x) / m.in
	m.n += rows
	for r := range rows {
		for i, v := range x[r*m.in : (r+1)*m.in] {
			m.x[i] += float64(v)
		}
		for i, v := range y[r*m.out : (r+1)*m.out] {
			m.y[i] += float64(v)
		}
	}
	// Each worker has rows of its own, so that sums do not depend on their number.
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < m.in; i += workers {
				for r := range rows {
					v := float64(x[r*m.in+i])
					accumulate(m.xx[i*m.in:][:i+1], v, x[r*m.in:])
					accumulate(m.xy[i*m.out:][:m.out], v, y[r*m.out:])
				}
			}
		})
	}
	group.Wait()
}

func accumulate(sum []float64, v float64, row []float32) {
	for j := range sum {
		sum[j] += v * float64(row[j])
	}
}

// solve returns the weights, [out, in], and bias, [out], with the least squared
// error of y plus ridge times the mean variance of x times the squared weights.
func (m *moments) solve(ridge float64) (weight, bias []float32, err error) {
	n := float64(m.n)
	covariance, solution := slices.Clone(m.xx), slices.Clone(m.xy)
	trace := 0.0
	for i := range m.in {
		for j := range i + 1 {
			covariance[i*m.in+j] -= m.x[i] * m.x[j] / n
		}
		for j := range m.out {
			solution[i*m.out+j] -= m.x[i] * m.y[j] / n
		}
		trace += covariance[i*m.in+i]
	}
	for i := range m.in {
		covariance[i*m.in+i] += ridge * trace / float64(m.in)
	}
	if !cholesky.Factor(covariance, m.in) {
		return nil, nil, fmt.Errorf("the states of %d texts do not differ", m.n)
	}
	cholesky.Solve(covariance, m.in, solution, m.out)
	weight, bias = make([]float32, m.out*m.in), make([]float32, m.out)
	for j := range m.out {
		b := m.y[j]
		for i := range m.in {
			w := solution[i*m.out+j]
			weight[j*m.in+i] = float32(w)
			b -= w * m.x[i]
		}
		bias[j] = float32(b / n)
	}
	return weight, bias, nil
}
