package finetune

import (
	"math"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
)

// adam is AdamW (arXiv:1711.05101) with clipping of the gradients' global norm.
// Its moments are variables, so that they stay where the weights are.
type adam struct {
	beta1, beta2, epsilon float64
	decay                 float64 // of matrices, times the learning rate
	clip                  float64
	trained               []trained
}

// trained is a variable and its moments.
type trained struct {
	variable, first, second *context.Variable
	decays                  bool
	rate                    float64 // in multiples of the learning rate
}

// newAdam creates the moments of the variables in scope, all zero.
func newAdam(scope *context.Context, o Options, variables []*context.Variable) *adam {
	a := &adam{beta1: o.Beta1, beta2: o.Beta2, epsilon: o.Epsilon, decay: o.WeightDecay, clip: o.Clip}
	for _, v := range variables {
		moment := func(name string) *context.Variable {
			in := scope.In(name).InAbsPath(scope.In(name).Scope() + v.Scope())
			m := in.VariableWithValue(v.Name(), tensors.FromShape(shapes.Make(v.DType(), v.Shape().Dimensions...)))
			return m.SetTrainable(false)
		}
		rate := 1.0
		if isEmbedding(v) {
			rate = o.EmbeddingRate
		}
		a.trained = append(a.trained, trained{v, moment("first"), moment("second"), v.Shape().Rank() > 1, rate})
	}
	return a
}

// corrections are the factors that undo the moments' bias towards zero at a
// step, counted from 1.
func (a *adam) corrections(step int) (first, second float32) {
	return float32(1 / (1 - math.Pow(a.beta1, float64(step)))), float32(1 / (1 - math.Pow(a.beta2, float64(step))))
}

// update gives the variables their new values and returns the gradients' norm
// before clipping. rate, first and second are scalars: the learning rate and the
// corrections of the step.
func (a *adam) update(gradients []*Node, rate, first, second *Node) *Node {
	g := rate.Graph()
	square := Scalar(g, rate.DType(), 0)
	for _, d := range gradients {
		square = Add(square, ReduceAllSum(Square(d)))
	}
	norm := Sqrt(square)
	scale := Min(Scalar(g, rate.DType(), 1), Div(Scalar(g, rate.DType(), a.clip), AddScalar(norm, 1e-6)))
	for i, t := range a.trained {
		d := Mul(gradients[i], scale)
		m := Add(MulScalar(t.first.ValueGraph(g), a.beta1), MulScalar(d, 1-a.beta1))
		v := Add(MulScalar(t.second.ValueGraph(g), a.beta2), MulScalar(Square(d), 1-a.beta2))
		change := Div(Mul(m, first), AddScalar(Sqrt(Mul(v, second)), a.epsilon))
		x := t.variable.ValueGraph(g)
		if t.decays && a.decay > 0 {
			change = Add(change, MulScalar(x, a.decay))
		}
		t.variable.SetValueGraph(Sub(x, Mul(change, MulScalar(rate, t.rate))))
		t.first.SetValueGraph(m)
		t.second.SetValueGraph(v)
	}
	return norm
}
