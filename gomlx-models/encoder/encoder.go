// Package encoder embeds texts with a GoMLX model: the float reference to which
// the quantised runtime is compared, and the teacher of training.
//
// Every shape is compiled once, which takes XLA some twenty seconds for a model
// of thirty layers. So texts are padded to a few lengths (buckets), and each
// bucket has one batch size.
package encoder

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
	"github.com/effir/effir/gomlx-models/pooling"
)

// Encoder holds a model on a backend. Its methods may be called concurrently.
type Encoder struct {
	sizes   family.Sizes
	options options
	weights *mlcontext.Context
	execs   map[pooling.Kind]*mlcontext.Exec
}

// New copies the weights to the backend, which must outlive the encoder.
// Nothing is compiled yet.
func New(backend backends.Backend, m family.Model, w family.Weights, opts ...Option) (*Encoder, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	e := &Encoder{sizes: m.Sizes(), options: o, weights: mlcontext.New(), execs: map[pooling.Kind]*mlcontext.Exec{}}
	if longest := o.buckets[len(o.buckets)-1]; e.sizes.MaxTokens > 0 && longest > e.sizes.MaxTokens {
		return nil, fmt.Errorf("encoder: a bucket of %d tokens, but the model has %d positions: use shorter buckets", longest, e.sizes.MaxTokens)
	}
	if err := m.Load(e.weights, w); err != nil {
		e.Close()
		return nil, err
	}
	if err := moveTo(backend, e.weights); err != nil {
		e.Close()
		return nil, err
	}
	for _, kind := range []pooling.Kind{pooling.KindMean, pooling.KindLast, pooling.KindCLS} {
		e.execs[kind], err = mlcontext.NewExec(backend, e.weights, func(scope *mlcontext.Context, ids, mask *graph.Node) *graph.Node {
			states := family.Forward(m, scope, ids, mask)
			hidden := states.Last
			if o.residual {
				hidden = states.AfterMLP[e.sizes.Layers()-1]
			}
			position := graph.Iota(ids.Graph(), ids.Shape(), 1)
			mask = graph.LogicalAnd(mask, graph.GreaterOrEqual(position, graph.Const(ids.Graph(), int32(o.skip))))
			pooled := pooling.Pool(kind, hidden, mask)
			if o.asPooled {
				return pooled
			}
			return pooling.Normalize(pooled)
		})
		if err != nil {
			e.Close()
			return nil, err
		}
	}
	return e, nil
}

// moveTo copies all variables to the backend's device and frees the copies in
// Go's memory, which nothing reads again.
func moveTo(backend backends.Backend, weights *mlcontext.Context) error {
	for v := range weights.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return err
		}
		if err := value.MaterializeOnDevice(backend, true, 0); err != nil {
			return fmt.Errorf("copy %s to the device: %w", v.ScopeAndName(), err)
		}
		value.FinalizeLocal()
	}
	return nil
}

// Close frees the weights and the compiled programs. The encoder is unusable
// afterwards.
func (e *Encoder) Close() {
	for _, exec := range e.execs {
		exec.Finalize()
	}
	e.weights.Finalize()
}

// Embed returns one vector of length Hidden and, unless [WithoutNormalizing] is
// set, norm 1 per text, in order. ids
// are the tokens of each text, at least one and at most as many as the longest
// bucket. Cancelling ctx ends it before the next batch.
func (e *Encoder) Embed(ctx context.Context, ids [][]int32, kind pooling.Kind) ([][]float32, error) {
	exec := e.execs[kind]
	if exec == nil {
		return nil, fmt.Errorf("embed: unknown pooling %s", kind)
	}
	if err := e.check(ids); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(ids))
	done := 0
	for _, b := range e.batches(ids) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.embedBatch(exec, b, ids, vectors); err != nil {
			return nil, fmt.Errorf("embed: %w", err)
		}
		done += len(b.texts)
		if e.options.progress != nil {
			e.options.progress(done, len(ids))
		}
	}
	return vectors, nil
}

// check reports the first text that the model cannot read. Tokens outside the
// vocabulary must not reach the graph: there they would be clamped silently.
func (e *Encoder) check(ids [][]int32) error {
	longest := e.options.buckets[len(e.options.buckets)-1]
	for i, text := range ids {
		if len(text) == 0 {
			return fmt.Errorf("embed: text %d has no tokens", i)
		}
		if len(text) > longest {
			return fmt.Errorf("embed: text %d has %d tokens, more than the longest bucket, %d: truncate it or add a bucket", i, len(text), longest)
		}
		for _, id := range text {
			if id < 0 || int(id) >= e.sizes.Vocab {
				return fmt.Errorf("embed: text %d has token %d, the vocabulary has %d: wrong tokenizer?", i, id, e.sizes.Vocab)
			}
		}
	}
	return nil
}

// batch is a set of texts that run together.
type batch struct {
	texts  []int // indices
	length int   // padded tokens per text
	rows   int   // texts including fillers; at least len(texts)
}

// batches groups the texts by bucket, the longest last.
func (e *Encoder) batches(ids [][]int32) []batch {
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(ids[a]), len(ids[b])) })
	var list []batch
	for _, length := range e.options.buckets {
		n := 0
		for n < len(order) && len(ids[order[n]]) <= length {
			n++
		}
		rows := max(1, e.options.batchTokens/length)
		for texts := range slices.Chunk(order[:n], rows) {
			list = append(list, batch{texts, length, rows})
		}
		order = order[n:]
	}
	return list
}

// embedBatch runs one batch and stores its vectors. Rows without a text get a
// single token 0, because the model needs at least one token in each row.
func (e *Encoder) embedBatch(exec *mlcontext.Exec, b batch, ids [][]int32, vectors [][]float32) error {
	flat := make([]int32, b.rows*b.length)
	mask := make([]bool, b.rows*b.length)
	for row := range b.rows {
		mask[row*b.length] = true
		if row < len(b.texts) {
			text := ids[b.texts[row]]
			copy(flat[row*b.length:], text)
			for t := range text {
				mask[row*b.length+t] = true
			}
		}
	}
	out, err := exec.Exec1(
		tensors.FromFlatDataAndDimensions(flat, b.rows, b.length),
		tensors.FromFlatDataAndDimensions(mask, b.rows, b.length),
	)
	if err != nil {
		return err
	}
	defer out.MustFinalizeAll()
	return tensors.ConstFlatData(out, func(data []float32) {
		for row, text := range b.texts {
			vectors[text] = slices.Clone(data[row*e.sizes.Hidden : (row+1)*e.sizes.Hidden])
		}
	})
}
