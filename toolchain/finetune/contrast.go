package finetune

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code

	"github.com/effir/effir/gomlx-models/layer"
)

// similarity returns the scores of all passages for all queries, cosines divided
// by the temperature: float32 [queries, passages]. Excluded passages have a score
// far below any other.
func similarity(blocks []outputs, temperature float64, exclude *Node) *Node {
	scores := DivScalar(layer.Product(blocks[0].embedding, blocks[1].embedding), temperature)
	const hidden = -1e9
	return Where(exclude, MulScalar(OnesLike(scores), hidden), scores)
}

// infoNCE is the mean cross-entropy of each query's positive among all passages
// (arXiv:1807.03748). Every query has the same number of passages, the positive
// first.
func infoNCE(scores *Node) *Node {
	d := scores.Shape().Dimensions
	column := Iota(scores.Graph(), scores.Shape(), 1)
	row := Iota(scores.Graph(), scores.Shape(), 0)
	positive := Equal(column, MulScalar(row, d[1]/d[0]))
	own := ReduceSum(Where(positive, logSoftmax(scores), ZerosLike(scores)), -1)
	return Neg(ReduceAllMean(own))
}

// divergence is the mean Kullback-Leibler divergence of the student's
// distribution over the passages from the teacher's.
func divergence(student, teacher *Node) *Node {
	s, t := logSoftmax(student), logSoftmax(teacher)
	return ReduceAllMean(ReduceSum(Mul(Exp(t), Sub(t, s)), -1))
}

// logSoftmax is over the last axis.
func logSoftmax(x *Node) *Node {
	x = Sub(x, StopGradient(ReduceAndKeep(x, ReduceMax, -1)))
	return Sub(x, Log(ReduceAndKeep(Exp(x), ReduceSum, -1)))
}
