package finetune

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code

	"github.com/effir/effir/gomlx-models/family"
)

// lossNodes returns the parts of the loss in the order of [Loss.Parts], each a
// float32 scalar. student and teacher hold what the models make of each block;
// exclude is bool [queries, passages] in steps of pairs.
func (o *Options) lossNodes(student, teacher []outputs, aligned []int, exclude *Node) []*Node {
	var parts []*Node
	if o.Loss.Align > 0 {
		parts = append(parts, overBlocks(student, teacher, func(s, t outputs) (sum, count *Node) {
			rows := s.embedding.Shape().Dimensions[0]
			d := OneMinus(ReduceSum(Mul(s.embedding, t.embedding), -1))
			return ReduceAllSum(d), Const(d.Graph(), float32(rows))
		}))
	}
	if o.Loss.Hidden > 0 {
		parts = append(parts, overBlocks(student, teacher, func(s, t outputs) (sum, count *Node) {
			return hiddenDistance(s.states, t.states, s.mask, aligned)
		}))
	}
	if o.Loss.pairwise() {
		scores := similarity(student, o.Temperature, exclude)
		if o.Loss.InfoNCE > 0 {
			parts = append(parts, infoNCE(scores))
		}
		if o.Loss.KL > 0 {
			parts = append(parts, divergence(scores, similarity(teacher, o.Temperature, exclude)))
		}
	}
	return parts
}

// overBlocks is the mean over all blocks of what one gives as sum and count.
func overBlocks(student, teacher []outputs, one func(s, t outputs) (sum, count *Node)) *Node {
	var sum, count *Node
	for i := range student {
		s, c := one(student[i], teacher[i])
		if i == 0 {
			sum, count = s, c
			continue
		}
		sum, count = Add(sum, s), Add(count, c)
	}
	return Div(sum, count)
}

// hiddenDistance sums 1 - cosine of the states behind the given layers over all
// tokens, and counts the terms.
func hiddenDistance(s, t family.States, mask *Node, layers []int) (sum, count *Node) {
	kept := ConvertDType(mask, s.Last.DType())
	for _, i := range layers {
		d := ReduceAllSum(Mul(kept, OneMinus(cosine(s.AfterMLP[i], t.AfterMLP[i]))))
		if sum == nil {
			sum = d
			continue
		}
		sum = Add(sum, d)
	}
	return sum, MulScalar(ReduceAllSum(kept), float64(len(layers)))
}

// cosine is over the last axis.
func cosine(a, b *Node) *Node {
	dot := func(x, y *Node) *Node { return ReduceSum(Mul(x, y), -1) }
	return Div(dot(a, b), Sqrt(MaxScalar(Mul(dot(a, a), dot(b, b)), 1e-24)))
}
