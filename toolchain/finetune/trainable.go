package finetune

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/gomlx-models/lora"
	"github.com/effir/effir/gomlx-models/loss"
	"github.com/effir/effir/gomlx-models/slim"
	"github.com/effir/effir/wasm/kernel"
)

// prepare decides what is trained: it adds a head, adapters or gates, rounds
// what is to be rounded, and makes the optimizer.
func (s *session) prepare() error {
	o := s.options
	if s.teacher != nil && o.Loss.Align > 0 && s.student.dims() != s.teacher.dims() {
		if s.student.embedding.HeadDims > 0 {
			return fmt.Errorf("--loss align: the head of %s gives %d dimensions, but %s has %d", o.Model, s.student.dims(), o.Teacher, s.teacher.dims())
		}
		if o.SlimLambda > 0 {
			return fmt.Errorf("--slim trains only gates, but %s has %d dimensions and %s %d: use infonce or kl, or give a model with a trained head", o.Model, s.student.dims(), o.Teacher, s.teacher.dims())
		}
		s.student.newHead(s.teacher.dims())
		s.headless = true
	}
	if o.EmbeddingBits > 0 {
		if err := s.student.roundEmbeddings(s.backend, o.EmbeddingBits); err != nil {
			return err
		}
	}
	scope := s.student.scope
	s.root.SetParam(layer.ParamHalf, o.Precision == "bf16")
	if o.WeightBits > 0 {
		scope.SetParam(layer.ParamWeightBits, o.WeightBits)
	}
	var train []*context.Variable
	switch {
	case o.SlimLambda > 0:
		if err := s.addGates(); err != nil {
			return err
		}
		train = named(scope, layer.VarGate)
	case o.LoRARank > 0:
		r := rand.New(rand.NewPCG(o.Seed, 1<<61))
		if err := lora.Add(scope, s.student.model, o.LoRARank, o.LoRAAlpha, r); err != nil {
			return err
		}
		train = named(scope, layer.VarLoRAA, layer.VarLoRAB)
		if s.student.embedding.HeadDims > 0 {
			train = append(train, inOrder(scope.In("head"))...)
		}
	default:
		for _, v := range inOrder(scope) {
			if o.TrainEmbeddings || !isEmbedding(v) {
				train = append(train, v)
			}
		}
	}
	s.stepper.adam = newAdam(s.root.In("adam"), *o, train)
	for _, t := range s.stepper.adam.trained {
		s.variables = append(s.variables, t.variable, t.first, t.second)
	}
	return nil
}

// inOrder lists the variables in scope by name.
func inOrder(scope *context.Context) []*context.Variable {
	list := slices.Collect(scope.IterVariablesInScope())
	slices.SortFunc(list, func(a, b *context.Variable) int { return cmp.Compare(a.ScopeAndName(), b.ScopeAndName()) })
	return list
}

// isEmbedding tells whether a variable belongs to what turns ids into vectors.
func isEmbedding(v *context.Variable) bool {
	return strings.Contains(v.Scope()+"/", "/embeddings/") || strings.Contains(v.Scope()+"/", "/embed_tokens/")
}

// named lists the variables in scope that have one of the names.
func named(scope *context.Context, names ...string) []*context.Variable {
	return slices.DeleteFunc(inOrder(scope), func(v *context.Variable) bool { return !slices.Contains(names, v.Name()) })
}

// addGates gives every MLP a gate and adds the penalty to the loss.
func (s *session) addGates() error {
	m, scope := s.student.model, s.student.scope
	if !slices.ContainsFunc(m.Sizes().MLP, func(width int) bool { return width > 0 }) {
		return fmt.Errorf("--slim: %s has no MLP", s.options.Model)
	}
	s.stepper.extra = func(g *graph.Graph) *graph.Node {
		return graph.MulScalar(loss.SlimPenalty(loss.SlimBeta, slim.Nodes(scope, g, m)...), s.options.SlimLambda)
	}
	return slim.AddGates(scope, m)
}

// roundEmbeddings replaces the token table by what it is in a package of the
// given number of bits.
func (n *network) roundEmbeddings(b backends.Backend, bits int) error {
	for _, v := range inOrder(n.scope) {
		if !isTokenTable(v) {
			continue
		}
		rounded, err := roundTable(b, v, bits)
		if err != nil {
			return fmt.Errorf("--embedding-bits: %w", err)
		}
		if err := v.SetValue(rounded); err != nil {
			return err
		}
	}
	return nil
}

// roundTable returns a token table rounded as packages store it, where they have
// that number of bits, and in groups along its rows otherwise.
func roundTable(b backends.Backend, v *context.Variable, bits int) (*tensors.Tensor, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	rows, dim := v.Shape().Dimensions[0], v.Shape().Dimensions[1]
	if dim%kernel.Group != 0 || bits != 4 {
		return graph.ExecOnce(b, func(table *graph.Node) *graph.Node { return layer.FakeQuantise(table, bits) }, value)
	}
	table, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return nil, err
	}
	return tensors.FromFlatDataAndDimensions(kernel.UnpackQ4Rows(kernel.PackQ4Rows(table, rows, dim), rows, dim), rows, dim), nil
}

// isTokenTable tells whether a variable holds a vector per token.
func isTokenTable(v *context.Variable) bool {
	return strings.HasSuffix(v.Scope(), "/word_embeddings") || strings.HasSuffix(v.Scope(), "/embed_tokens")
}
