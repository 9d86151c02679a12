package layer

import (
	"slices"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// The variables and parameters of [Linear].
const (
	VarWeight = "weight" // [out, in]
	VarBias   = "bias"   // [out], optional
	VarLoRAA  = "lora_a" // [rank, in], optional, together with lora_b
	VarLoRAB  = "lora_b" // [out, rank]

	// ParamLoRAScale is the factor of the adapter's product, alpha/rank, a
	// float64. It must be set where there are adapters.
	ParamLoRAScale = "lora_scale"

	// ParamWeightBits is the number of bits to which weights are rounded, an
	// int from 2 to 8; 0 or nothing leaves them as they are.
	ParamWeightBits = "weight_bits"

	// ParamHalf, a bool, has products computed from values rounded to bfloat16;
	// variables stay float32. It is for training with XLA, which sums in float32
	// and on processors with bfloat16 instructions takes about half the time.
	ParamHalf = "bfloat16_products"
)

// Linear maps the last axis of x, float32 [..., in], to float32 [..., out]:
// x·weightᵀ + bias, without the bias if scope has none. Every product of a model
// with a weight goes through here.
//
// With the variables lora_a and lora_b in scope the weight is
// weight + scale·lora_b·lora_a (LoRA, arXiv:2106.09685).
//
// With the parameter weight_bits the weight, its adapter included, is what
// [FakeQuantise] makes of it, so that training sees the weights that a package
// will have.
func Linear(scope *context.Context, x *Node, out int) *Node {
	observe(scope, x)
	g, in := x.Graph(), x.Shape().Dimensions[x.Rank()-1]
	weight := Variable(scope, g, VarWeight, out, in)
	a, b, scale := adapter(scope, g, in, out)
	bits := context.GetParamOr(scope, ParamWeightBits, 0)
	if a != nil && bits > 0 {
		weight, a = Add(weight, MulScalar(Product(b, TransposeAllAxes(a, 1, 0)), scale)), nil
	}
	if bits > 0 {
		weight = FakeQuantise(weight, bits)
	}
	product := Product
	if context.GetParamOr(scope, ParamHalf, false) {
		product = halfProduct
	}
	y := onRows(product, x, weight)
	if a != nil {
		y = Add(y, MulScalar(onRows(product, onRows(product, x, a), b), scale))
	}
	if bias := optional(scope, g, VarBias, out); bias != nil {
		y = Add(y, alongLastAxis(bias, y))
	}
	return y
}

// onRows multiplies the last axis of x, [..., in], by the transpose of weight,
// [out, in].
func onRows(product func(a, b *Node) *Node, x, weight *Node) *Node {
	d := slices.Clone(x.Shape().Dimensions)
	last := len(d) - 1
	rows := Reshape(x, -1, d[last])
	d[last] = weight.Shape().Dimensions[0]
	return Reshape(product(rows, weight), d...)
}

// adapter returns the adapter in scope and its factor, or nil.
func adapter(scope *context.Context, g *Graph, in, out int) (a, b *Node, scale float64) {
	v := scope.GetVariable(VarLoRAA)
	if v == nil {
		return nil, nil, 0
	}
	rank := v.Shape().Dimensions[0]
	scale = context.GetParamOr(scope, ParamLoRAScale, 0.0)
	if scale == 0 {
		exceptions.Panicf("scope %s has an adapter, but the parameter %q is not set", scope.Scope(), ParamLoRAScale)
	}
	return Variable(scope, g, VarLoRAA, rank, in), Variable(scope, g, VarLoRAB, out, rank), scale
}
