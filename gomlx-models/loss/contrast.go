// Package loss has the losses by which retrievers are trained, slimmed and
// healed, as GoMLX graphs in float32. Each returns a scalar, a mean that does not
// grow with the batch unless it says otherwise.
package loss

import (
	"slices"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/support/exceptions"

	"github.com/effir/effir/gomlx-models/layer"
)

// never is added to scores that take no part.
const never = -1e9

// Scores are the dot products of all queries, float32 [n, dims], with all
// passages, float32 [m, dims]: float32 [n, m].
func Scores(queries, passages *Node) *Node { return layer.Product(queries, passages) }

// InfoNCE is the contrastive loss (arXiv:1807.03748): the mean over queries of
// -log of the softmax weight that the query's own passage has among all passages
// of the batch.
//
//   - scores: float32 [n, m], n ≤ m, usually cosines. Passage i is that of query
//     i; those from n on are further negatives, such as mined ones.
//   - excluded: bool [n, m], true for passages that are no negatives of a query
//     although they are not its own (known false negatives); nil for none. A
//     query's own passage is never excluded.
//   - tau: the temperature by which scores are divided; EffiR takes 0.02.
func InfoNCE(scores, excluded *Node, tau float64) *Node {
	n, m := checkScores(scores)
	if n > m {
		exceptions.Panicf("loss: %d queries, but only %d passages", n, m)
	}
	g := scores.Graph()
	own := Equal(Iota(g, scores.Shape(), 0), Iota(g, scores.Shape(), 1))
	z := MulScalar(scores, 1/tau)
	if excluded != nil {
		z = without(z, LogicalAnd(checkMask(excluded, scores), LogicalNot(own)))
	}
	positive := ReduceSum(Where(own, z, ZerosLike(z)), 1)
	return ReduceAllMean(Sub(logSumExp(z), positive))
}

// KL is the mean over queries of the Kullback-Leibler divergence from the
// teacher's to the student's distribution over the candidates, each the softmax
// of scores divided by a temperature. No gradient flows to the teacher.
//
//   - student, teacher: float32 [n, m].
//   - excluded: bool [n, m], true for what is no candidate of a query; nil for
//     none.
func KL(student, teacher, excluded *Node, tauStudent, tauTeacher float64) *Node {
	checkScores(student)
	if !student.Shape().Equal(teacher.Shape()) {
		exceptions.Panicf("loss: scores of the student are %s, of the teacher %s", student.Shape(), teacher.Shape())
	}
	s, t := MulScalar(student, 1/tauStudent), MulScalar(StopGradient(teacher), 1/tauTeacher)
	if excluded != nil {
		checkMask(excluded, student)
		s, t = without(s, excluded), without(t, excluded)
	}
	logP, logQ := Sub(t, column(logSumExp(t))), Sub(s, column(logSumExp(s)))
	return ReduceAllMean(ReduceSum(Mul(Exp(logP), Sub(logP, logQ)), 1))
}

// without replaces the values that are excluded.
func without(z, excluded *Node) *Node {
	return Where(excluded, MulScalar(OnesLike(z), never), z)
}

// logSumExp is over the last axis of [n, m]: [n].
func logSumExp(z *Node) *Node {
	highest := StopGradient(ReduceMax(z, 1))
	return Add(Log(ReduceSum(Exp(Sub(z, column(highest))), 1)), highest)
}

func column(x *Node) *Node { return ExpandAxes(x, -1) }

func checkScores(scores *Node) (n, m int) {
	if scores.Rank() != 2 || scores.DType() != dtypes.Float32 {
		exceptions.Panicf("loss: scores are %s, want float32 [queries, passages]", scores.Shape())
	}
	return scores.Shape().Dimensions[0], scores.Shape().Dimensions[1]
}

func checkMask(mask, scores *Node) *Node {
	if mask.DType() != dtypes.Bool || !slices.Equal(mask.Shape().Dimensions, scores.Shape().Dimensions) {
		exceptions.Panicf("loss: the mask is %s, want bool %v", mask.Shape(), scores.Shape().Dimensions)
	}
	return mask
}
