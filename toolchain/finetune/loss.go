package finetune

import (
	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code

	"github.com/effir/effir/gomlx-models/loss"
)

// lossNodes returns the parts of the loss in the order of [Loss.Parts], each a
// float32 scalar. student and teacher hold what the models make of each block;
// aligned are the layers of the part hidden; exclude is bool [queries, passages]
// in steps of pairs.
func (o *Options) lossNodes(student, teacher []outputs, aligned []layerPair, exclude *Node) []*Node {
	var parts []*Node
	if o.Loss.Align > 0 {
		parts = append(parts, overBlocks(student, teacher, func(s, t outputs) *Node {
			return loss.Alignment(s.embedding, t.embedding)
		}))
	}
	if o.Loss.Hidden > 0 {
		parts = append(parts, overBlocks(student, teacher, func(s, t outputs) *Node {
			var sum *Node
			for _, l := range aligned {
				d := loss.HiddenCosine(s.states.AfterMLP[l.student], t.states.AfterMLP[l.teacher], s.mask)
				if sum == nil {
					sum = d
					continue
				}
				sum = Add(sum, d)
			}
			return DivScalar(sum, float64(len(aligned)))
		}))
	}
	if o.Loss.pairwise() {
		scores := loss.Scores(student[0].embedding, student[1].embedding)
		if o.Loss.InfoNCE > 0 {
			parts = append(parts, loss.InfoNCE(scores, exclude, o.Temperature))
		}
		if o.Loss.KL > 0 {
			wanted := loss.Scores(teacher[0].embedding, teacher[1].embedding)
			parts = append(parts, loss.KL(scores, wanted, exclude, o.Temperature, o.Temperature))
		}
	}
	return parts
}

// overBlocks is the mean over the blocks: queries and passages count the same.
func overBlocks(student, teacher []outputs, one func(s, t outputs) *Node) *Node {
	var sum *Node
	for i := range student {
		part := one(student[i], teacher[i])
		if i == 0 {
			sum = part
			continue
		}
		sum = Add(sum, part)
	}
	return DivScalar(sum, float64(len(student)))
}
