package finetune

import (
	"fmt"

	"github.com/gomlx/gomlx/backends"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// stepper runs training steps. It compiles one program per shape of a batch.
type stepper struct {
	options          *Options
	student, teacher *network    // teacher may be nil
	separate         bool        // the teacher reads its own tokens
	aligned          []layerPair // of the loss's part hidden
	adam             *adam
	exec             *context.Exec
	extra            func(g *Graph) *Node // added to the loss; may be nil
}

// figures are what a step tells.
type figures struct {
	Loss  float64   // weighted sum
	Parts []float64 // in the order of Loss.Parts, then the penalty of slimming
	Norm  float64   // of the gradients before clipping
}

func (s *stepper) compile(backend backends.Backend, root *context.Context) error {
	exec, err := context.NewExec(backend, root, func(_ *context.Context, in []*Node) []*Node { return s.graph(in) })
	if err != nil {
		return err
	}
	s.exec = exec
	s.exec.SetMaxCache(-1)
	return nil
}

// graph builds a step. The inputs are those of [stepper.inputs]; the output is
// one vector: the loss, its parts, the norm of the gradients.
func (s *stepper) graph(in []*Node) []*Node {
	hyper, in := in[0], in[1:]
	g := hyper.Graph()
	var student, teacher []outputs
	for len(in) >= 2 {
		student = append(student, s.student.run(in[0], in[1]))
		ids, lengths := in[0], in[1]
		in = in[2:]
		if s.teacher == nil {
			continue
		}
		if s.separate {
			ids, lengths, in = in[0], in[1], in[2:]
		}
		t := s.teacher.run(ids, lengths)
		t.embedding = StopGradient(t.embedding)
		for i, x := range t.states.AfterMLP {
			t.states.AfterMLP[i] = StopGradient(x)
		}
		teacher = append(teacher, t)
	}
	var exclude *Node
	if len(in) > 0 {
		exclude = in[0]
	}
	parts := s.options.lossNodes(student, teacher, s.aligned, exclude)
	loss := Scalar(g, hyper.DType(), 0)
	for i, weight := range s.options.Loss.weights() {
		loss = Add(loss, MulScalar(parts[i], weight))
	}
	if s.extra != nil {
		penalty := s.extra(g)
		parts = append(parts, penalty)
		loss = Add(loss, penalty)
	}
	var values []*Node
	for _, t := range s.adam.trained {
		values = append(values, t.variable.ValueGraph(g))
	}
	gradients := Gradient(loss, values...)
	scalar := func(i int) *Node { return Reshape(Slice(hyper, AxisElem(i))) }
	norm := s.adam.update(gradients, scalar(0), scalar(1), scalar(2))
	out := append([]*Node{loss}, parts...)
	return []*Node{Stack(append(out, norm), 0)}
}

// inputs are what a step is fed with: learning rate and corrections, per block
// ids and lengths of the student's tokens and, if it reads differently, of the
// teacher's, and in steps of pairs the passages that are no negatives.
func (s *stepper) inputs(b batch, rate, first, second float32) []any {
	in := []any{tensors.FromFlatDataAndDimensions([]float32{rate, first, second}, 3)}
	readers := 1
	if s.separate {
		readers = 2
	}
	for _, block := range b.blocks {
		for _, p := range block.padded[:readers] {
			in = append(in, tensors.FromFlatDataAndDimensions(p.ids, p.rows, p.length),
				tensors.FromFlatDataAndDimensions(p.lengths, p.rows))
		}
	}
	if b.exclude != nil {
		queries := b.blocks[0].padded[0].rows
		in = append(in, tensors.FromFlatDataAndDimensions(b.exclude, queries, len(b.exclude)/queries))
	}
	return in
}

// run does a step and updates the weights.
func (s *stepper) run(b batch, rate float64, step int) (figures, error) {
	first, second := s.adam.corrections(step)
	out, err := s.exec.Exec(s.inputs(b, float32(rate), first, second)...)
	if err != nil {
		return figures{}, fmt.Errorf("step %d: %w", step, err)
	}
	defer out[0].MustFinalizeAll()
	values, err := tensors.CopyFlatData[float32](out[0])
	if err != nil {
		return figures{}, err
	}
	f := figures{Loss: float64(values[0]), Norm: float64(values[len(values)-1])}
	for _, x := range values[1 : len(values)-1] {
		f.Parts = append(f.Parts, float64(x))
	}
	return f, nil
}

// weights lists the weights of the parts in the order of [Loss.Parts].
func (l Loss) weights() []float64 {
	var list []float64
	for _, p := range l.parts() {
		if *p.weight > 0 {
			list = append(list, *p.weight)
		}
	}
	return list
}
