// Package pooling turns the hidden states of a text's tokens into one vector,
// as GoMLX graphs in float32. All functions have gradients.
package pooling

import (
	"fmt"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// Kind is a way of pooling.
type Kind int

const (
	// KindMean is the mean of all tokens, the zero value.
	KindMean Kind = iota
	// KindLast is the last token, the only one that has seen the whole text in
	// a causal model.
	KindLast
	// KindCLS is the first token, as of BERT models trained with a token [CLS]
	// in front of the text.
	KindCLS
)

var names = [...]string{KindMean: "mean", KindLast: "last", KindCLS: "cls"}

// String returns the name that [Parse] reads.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return names[k]
}

// Parse returns the kind of pooling with the given name, "mean", "last" or "cls".
func Parse(name string) (Kind, error) {
	for k, n := range names {
		if n == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf(`pooling %q: unknown: use "mean", "last" or "cls"`, name)
}

// Pool returns float32 [batch, width] from hidden, float32 [batch, length,
// width], and mask, bool [batch, length] with true for tokens. Texts are padded
// on the right. The result is not normalised.
func Pool(kind Kind, hidden, mask *Node) *Node {
	switch kind {
	case KindMean:
		return Mean(hidden, mask)
	case KindLast:
		return Last(hidden, mask)
	case KindCLS:
		return First(hidden, mask)
	}
	exceptions.Panicf("pooling: unknown %s", kind)
	return nil
}

// Mean returns the mean of the hidden states of each text's tokens, zero for a
// text without tokens. Shapes as for [Pool].
func Mean(hidden, mask *Node) *Node {
	checkInputs(hidden, mask)
	tokens := ConvertDType(mask, hidden.DType())
	count := MaxScalar(ReduceAndKeep(tokens, ReduceSum, -1), 1.0)
	return weightedSum(hidden, mask, Div(tokens, count))
}

// Last returns the hidden state of each text's last token, zero for a text
// without tokens. Shapes as for [Pool].
func Last(hidden, mask *Node) *Node {
	checkInputs(hidden, mask)
	tokens := ConvertDType(mask, dtypes.Int32)
	last := AddScalar(ReduceAndKeep(tokens, ReduceSum, -1), -1)
	position := Iota(hidden.Graph(), tokens.Shape(), 1)
	return weightedSum(hidden, mask, ConvertDType(Equal(position, last), hidden.DType()))
}

// First returns the hidden state of each text's first token, the first for which
// mask is true, zero for a text without tokens. Shapes as for [Pool].
func First(hidden, mask *Node) *Node {
	checkInputs(hidden, mask)
	tokens := ConvertDType(mask, dtypes.Int32)
	ordinal := CumSum(tokens, 1)
	return weightedSum(hidden, mask, ConvertDType(LogicalAnd(mask, Equal(ordinal, OnesLike(ordinal))), hidden.DType()))
}

// Normalize divides each row of x, float32 [..., width], by its Euclidean norm.
// A zero row stays zero.
func Normalize(x *Node) *Node {
	// 1e-24 is the square of the smallest norm that is divided by.
	square := MaxScalar(ReduceAndKeep(Square(x), ReduceSum, -1), 1e-24)
	return Div(x, Sqrt(square))
}

// weightedSum returns Σₜ weights[b, t]·hidden[b, t, ·] over tokens. Hidden
// states at padding are dropped, not multiplied by zero, so that whatever they
// are does no harm.
func weightedSum(hidden, mask, weights *Node) *Node {
	kept := Where(BroadcastToShape(ExpandAxes(mask, -1), hidden.Shape()), hidden, ZerosLike(hidden))
	return ReduceSum(Mul(kept, ExpandAxes(weights, -1)), 1)
}

func checkInputs(hidden, mask *Node) {
	if hidden.Rank() != 3 || !hidden.DType().IsFloat() {
		exceptions.Panicf("pooling: hidden states are %s, want floats [batch, length, width]", hidden.Shape())
	}
	d := hidden.Shape().Dimensions
	if mask.DType() != dtypes.Bool || mask.Rank() != 2 || mask.Shape().Dimensions[0] != d[0] || mask.Shape().Dimensions[1] != d[1] {
		exceptions.Panicf("pooling: mask is %s, want bool %v", mask.Shape(), d[:2])
	}
}
