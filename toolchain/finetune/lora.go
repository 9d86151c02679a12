package finetune

import (
	"errors"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/layer"
)

// scoped is what a scope's variables are looked up in.
type scoped = *context.Context

// addAdapters gives every linear map of the layers an adapter and returns the
// variables that are trained: the adapters, and a new head. A is drawn by seed
// with variance 1/inputs, B is zero, so that training starts from the model
// itself (arXiv:2106.09685).
func (s *session) addAdapters() ([]*context.Variable, error) {
	o := s.options
	s.student.scope.SetParam(layer.ParamLoRAScale, o.LoRAAlpha/float64(o.LoRARank))
	r := rand.New(rand.NewPCG(o.Seed, 1<<61))
	var train []*context.Variable
	for _, v := range inOrder(s.student.scope) {
		if !isLinear(v) {
			continue
		}
		out, in := v.Shape().Dimensions[0], v.Shape().Dimensions[1]
		a := make([]float32, o.LoRARank*in)
		for i := range a {
			a[i] = float32(r.NormFloat64() / math.Sqrt(float64(in)))
		}
		scope := s.root.InAbsPath(v.Scope())
		train = append(train,
			scope.VariableWithValue(layer.VarLoRAA, tensors.FromFlatDataAndDimensions(a, o.LoRARank, in)),
			scope.VariableWithValue(layer.VarLoRAB, tensors.FromFlatDataAndDimensions(make([]float32, out*o.LoRARank), out, o.LoRARank)))
	}
	if len(train) == 0 {
		return nil, errors.New("--lora: the model has no linear map to adapt")
	}
	if s.student.embedding.HeadDims > 0 {
		head := s.student.scope.In("head")
		train = append(train, head.GetVariable(layer.VarWeight), head.GetVariable(layer.VarBias))
	}
	return train, nil
}

// merge adds an adapter's product, scale·B·A, to a weight [out, in].
func (s *session) merge(weight []float32, scope scoped) error {
	a, err := values(scope, layer.VarLoRAA)
	if err != nil {
		return err
	}
	b, err := values(scope, layer.VarLoRAB)
	if err != nil {
		return err
	}
	rank := s.options.LoRARank
	in, out := len(a)/rank, len(b)/rank
	scale := s.options.LoRAAlpha / float64(rank)
	row := make([]float64, in)
	for i := range out {
		clear(row)
		for k := range rank {
			f := float64(b[i*rank+k])
			for j, x := range a[k*in : (k+1)*in] {
				row[j] += f * float64(x)
			}
		}
		for j, x := range row {
			weight[i*in+j] = float32(float64(weight[i*in+j]) + scale*x)
		}
	}
	return nil
}
