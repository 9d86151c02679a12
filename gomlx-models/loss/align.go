package loss

import (
	"slices"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"
)

// Alignment is the mean over texts of 1 - cosine of the student's and the
// teacher's vectors, both float32 [n, dims]. A zero vector has cosine 0. No
// gradient flows to the teacher.
func Alignment(student, teacher *Node) *Node {
	checkPair(student, teacher, 2)
	return ReduceAllMean(OneMinus(cosine(student, StopGradient(teacher))))
}

// HiddenCosine is the mean over tokens of 1 - cosine of the student's and the
// teacher's states, both float32 [batch, length, hidden]; mask is bool [batch,
// length], true for tokens. No gradient flows to the teacher. States at padding
// may be anything but NaN.
func HiddenCosine(student, teacher, mask *Node) *Node {
	checkPair(student, teacher, 3)
	weights := tokenWeights(student, mask)
	return ReduceAllSum(Mul(OneMinus(cosine(student, StopGradient(teacher))), weights))
}

// HiddenMSE is the squared difference of the student's and the teacher's states,
// summed over all tokens and divided by the teacher's summed squares: 0 for equal
// states, 1 for a student of zeros. Arguments as for [HiddenCosine].
func HiddenMSE(student, teacher, mask *Node) *Node {
	checkPair(student, teacher, 3)
	weights := tokenWeights(student, mask)
	teacher = StopGradient(teacher)
	difference := ReduceAllSum(Mul(squares(Sub(student, teacher)), weights))
	size := ReduceAllSum(Mul(squares(teacher), weights))
	return Div(difference, MaxScalar(size, tiny))
}

// tiny is the smallest squared norm that is divided by, large enough for its
// square to be a float32: gradients of quotients need it.
const tiny = 1e-12

// cosine is over the last axis, which it removes.
func cosine(a, b *Node) *Node { return ReduceSum(Mul(unit(a), unit(b)), -1) }

func unit(x *Node) *Node { return Div(x, ExpandAxes(Sqrt(MaxScalar(squares(x), tiny)), -1)) }

func squares(x *Node) *Node { return ReduceSum(Square(x), -1) }

// tokenWeights are 1/tokens for tokens and 0 for padding: float32 [batch,
// length].
func tokenWeights(states, mask *Node) *Node {
	if mask.DType() != dtypes.Bool || !slices.Equal(mask.Shape().Dimensions, states.Shape().Dimensions[:2]) {
		exceptions.Panicf("loss: the mask is %s, want bool %v", mask.Shape(), states.Shape().Dimensions[:2])
	}
	tokens := ConvertDType(mask, dtypes.Float32)
	return Div(tokens, MaxScalar(ReduceAllSum(tokens), 1))
}

func checkPair(student, teacher *Node, rank int) {
	if student.Rank() != rank || student.DType() != dtypes.Float32 || !student.Shape().Equal(teacher.Shape()) {
		exceptions.Panicf("loss: the student has %s and the teacher %s, want the same float32 shape of rank %d", student.Shape(), teacher.Shape(), rank)
	}
}
