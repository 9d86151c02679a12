package finetune

import (
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/toolchain/compress"
)

// steepness is β of the penalty.
const steepness = 5

// addGates gives every MLP a gate of ones on its inner vector, adds the penalty
// to the loss and returns the gates. The penalty stands for the number of active
// neurons (EffiR, arXiv:2512.20612, A.1): λ·Σ sigmoid(β·|ReLU(z)|), β = 5.
func (s *session) addGates() []*context.Variable {
	var gates []*context.Variable
	for i, width := range s.student.model.Sizes().MLP {
		if width == 0 {
			continue
		}
		ones := make([]float32, width)
		for j := range ones {
			ones[j] = 1
		}
		scope := s.student.gateScope(i)
		gates = append(gates, scope.VariableWithValue(layer.VarGate, tensors.FromFlatDataAndDimensions(ones, width)))
	}
	lambda := s.options.SlimLambda
	s.stepper.extra = func(g *Graph) *Node {
		sum := Scalar(g, gates[0].DType(), 0)
		for _, v := range gates {
			z := MaxScalar(v.ValueGraph(g), 0)
			sum = Add(sum, ReduceAllSum(Logistic(MulScalar(z, steepness))))
		}
		return MulScalar(sum, lambda)
	}
	return gates
}

// gateScope is where a layer's MLP looks for its gate.
func (n *network) gateScope(i int) *context.Context {
	path := "model.layers." + strconv.Itoa(i) + ".mlp"
	if n.config.ModelType == "bert" {
		path = "encoder.layer." + strconv.Itoa(i) + ".intermediate"
	}
	scope := n.scope
	for part := range strings.SplitSeq(path, ".") {
		scope = scope.In(part)
	}
	return scope
}

// writeGates writes ReLU of the gates, layer by layer.
func (s *session) writeGates(path string) error {
	list := make(compress.Gates, s.student.model.Sizes().Layers())
	for i, width := range s.student.model.Sizes().MLP {
		list[i] = []float32{}
		if width == 0 {
			continue
		}
		z, err := values(s.student.gateScope(i), layer.VarGate)
		if err != nil {
			return err
		}
		for _, x := range z {
			list[i] = append(list[i], max(x, 0))
		}
	}
	return compress.WriteGates(path, list)
}
