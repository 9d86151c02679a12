package layer

import (
	"math"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// Group is the number of weights of a row that share a scale and a minimum.
const Group = 32

// FakeQuantise rounds weights, float32 [out, in], to the values that packed
// weights of the given number of bits can have (2 to 8): in groups of [Group]
// along a row, each is d·q + m with q in 0..2^bits-1, m the group's minimum and
// d its range divided by 2^bits-1, both rounded to float16. A row's last group
// may be shorter.
//
// Its gradient is the identity (straight-through, arXiv:1308.3432).
func FakeQuantise(weight *Node, bits int) *Node {
	if bits < 2 || bits > 8 {
		exceptions.Panicf("weights cannot be rounded to %d bits, only to 2 to 8", bits)
	}
	out, in := weight.Shape().Dimensions[0], weight.Shape().Dimensions[1]
	levels := float64(int(1)<<bits - 1)
	whole := in / Group * Group
	var parts []*Node
	if whole > 0 {
		groups := Reshape(Slice(weight, AxisRange(), AxisRange(0, whole)), out, whole/Group, Group)
		parts = append(parts, Reshape(roundGroups(groups, levels), out, whole))
	}
	if whole < in {
		parts = append(parts, roundGroups(Slice(weight, AxisRange(), AxisRange(whole)), levels))
	}
	rounded := parts[0]
	if len(parts) > 1 {
		rounded = Concatenate(parts, 1)
	}
	// The difference is an exact zero that carries the gradient.
	return Add(StopGradient(rounded), Sub(weight, StopGradient(weight)))
}

// roundGroups rounds w, whose last axis is a group.
func roundGroups(w *Node, levels float64) *Node {
	low, high := ReduceAndKeep(w, ReduceMin, -1), ReduceAndKeep(w, ReduceMax, -1)
	d, m := roundFloat16(DivScalar(Sub(high, low), levels)), roundFloat16(low)
	// All weights of a group of scale 0 become its minimum.
	divisor := Where(Equal(d, ZerosLike(d)), OnesLike(d), d)
	q := ClipScalar(Round(Div(Sub(w, m), divisor)), 0, levels)
	return Add(Mul(q, d), m)
}

// roundFloat16 rounds float32 values to the nearest float16, ties to even, and
// returns them as float32. Values beyond float16's range are clipped to it.
//
// It works on the bits because compilers may drop a conversion there and back.
func roundFloat16(x *Node) *Node {
	const (
		largest        = 65504
		smallestNormal = 0x1p-14
		smallest       = 0x1p-24
		dropped        = 13 // bits of the fraction
	)
	g := x.Graph()
	bits := Bitcast(ClipScalar(x, -largest, largest), dtypes.Uint32)
	u := func(v uint32) *Node { return Const(g, v) }
	odd := BitwiseAnd(BitwiseShiftRightLogical(bits, u(dropped)), u(1))
	up := Add(bits, Add(odd, u(1<<(dropped-1)-1)))
	normal := Bitcast(BitwiseAnd(up, u(math.MaxUint32&^(1<<dropped-1))), dtypes.Float32)
	subnormal := MulScalar(Round(DivScalar(x, smallest)), smallest)
	return Where(LessThan(Abs(x), Const(g, float32(smallestNormal))), subnormal, normal)
}
