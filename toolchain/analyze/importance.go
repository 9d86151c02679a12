package analyze

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/toolchain/compress"
)

// Options of Importance.
type Options struct {
	// Dir is a folder for intermediate results, made if it is missing and removed at the end. If an
	// earlier call was interrupted, the next one with the same model and sequences goes on there.
	Dir string

	// BatchTokens is the number of tokens, padding included, that run together. Default 4096.
	BatchTokens int

	// Progress, if set, is told how many of how many batches of all layers are done.
	Progress func(done, total int)
}

// Importance measures all parts of a model on calibration sequences: tokens of texts as the model
// takes them, at least one each.
//
// Input and output of a part are states of the residual stream: before the part and after it was
// added, and, in post-norm families, after the norm behind it. Cosines are in float32, one per
// token; the mean goes over all tokens of all sequences, in float64. All scores are those of the
// whole model, nothing dropped (one-shot).
//
// It loads one layer's weights at a time, runs all sequences through it and frees it, so that memory
// stays near one layer and one batch of states.
func Importance(ctx context.Context, backend backends.Backend, m compress.Model, sequences [][]int32, o Options) (_ map[Unit][]Score, err error) {
	b, err := newBatches(m, sequences, o.BatchTokens)
	if err != nil {
		return nil, err
	}
	w, err := resume(o.Dir, fingerprint(m, sequences, b.rows))
	if err != nil {
		return nil, err
	}
	r := newRunner(backend)
	defer r.close()
	layers := m.Config().NumHiddenLayers
	step := func(done int) error {
		if o.Progress != nil {
			o.Progress(done, (layers+1)*b.count())
		}
		return ctx.Err()
	}
	if w.Next < 0 {
		if err := b.embed(r, m, w, step); err != nil {
			return nil, err
		}
	}
	for w.Next < layers {
		if err := b.layer(r, m, w, step); err != nil {
			return nil, fmt.Errorf("layer %d: %w", w.Next, err)
		}
	}
	for _, scores := range w.Scores {
		rank(scores)
	}
	return w.Scores, os.RemoveAll(o.Dir)
}

// batches are sequences of one padded length, so that one compiled shape serves all.
type batches struct {
	sequences [][]int32
	rows      int // sequences per batch
	length    int // tokens of the longest sequence
	hidden    int // width of the residual stream
}

func newBatches(m compress.Model, sequences [][]int32, tokens int) (*batches, error) {
	cfg := m.Config()
	b := &batches{sequences: sequences, hidden: cfg.HiddenSize}
	for i, s := range sequences {
		if len(s) == 0 {
			return nil, fmt.Errorf("analyze: sequence %d has no tokens", i)
		}
		for _, id := range s {
			if id < 0 || int(id) >= cfg.VocabSize {
				return nil, fmt.Errorf("analyze: sequence %d has token %d, the vocabulary has %d: wrong tokenizer?", i, id, cfg.VocabSize)
			}
		}
		b.length = max(b.length, len(s))
	}
	if len(sequences) == 0 {
		return nil, errors.New("analyze: no calibration text")
	}
	if b.length > cfg.MaxPositionEmbeddings {
		return nil, fmt.Errorf("analyze: a sequence has %d tokens, the model takes %d", b.length, cfg.MaxPositionEmbeddings)
	}
	if tokens == 0 {
		tokens = 4096
	}
	b.rows = min(max(1, tokens/b.length), len(sequences))
	return b, nil
}

func (b *batches) count() int { return (len(b.sequences) + b.rows - 1) / b.rows }

// values is the number of float32 values of all batches' states.
func (b *batches) values() int64 {
	return int64(b.count()) * int64(b.rows) * int64(b.length) * int64(b.hidden)
}

// tokens returns the ids of a batch and which of them are tokens. Rows without a sequence have one
// token of id 0, because every row needs one; valid tells that they do not count.
func (b *batches) tokens(batch int) (ids []int32, mask, valid []bool) {
	size := b.rows * b.length
	ids, mask, valid = make([]int32, size), make([]bool, size), make([]bool, size)
	for row := range b.rows {
		at := row * b.length
		mask[at] = true
		if i := batch*b.rows + row; i < len(b.sequences) {
			copy(ids[at:], b.sequences[i])
			for t := range b.sequences[i] {
				mask[at+t], valid[at+t] = true, true
			}
		}
	}
	return ids, mask, valid
}

// embed writes the input of layer 0.
func (b *batches) embed(r *runner, m compress.Model, w *work, step func(int) error) error {
	p, err := r.embedding(m)
	if err != nil {
		return err
	}
	defer p.close()
	out, err := createStates(w.states(0))
	if err != nil {
		return err
	}
	defer out.abort()
	for batch := range b.count() {
		if err := step(batch); err != nil {
			return err
		}
		ids, mask, _ := b.tokens(batch)
		result, err := p.run(tensors.FromFlatDataAndDimensions(ids, b.rows, b.length), tensors.FromFlatDataAndDimensions(mask, b.rows, b.length))
		if err != nil {
			return err
		}
		if err := consume(result[0], out.write); err != nil {
			return err
		}
	}
	if err := out.commit(); err != nil {
		return err
	}
	return w.advance(nil)
}

// layer runs all batches through the next layer.
func (b *batches) layer(r *runner, m compress.Model, w *work, step func(int) error) error {
	cfg, i := m.Config(), w.Next
	if empty(cfg, i) {
		if err := os.Rename(w.states(i), w.states(i+1)); err != nil {
			return err
		}
		return w.advance(map[Unit]Score{Block: {Layer: i}})
	}
	p, err := r.layer(m, i)
	if err != nil {
		return err
	}
	in, err := openStates(w.states(i), b.values())
	if err != nil {
		return err
	}
	defer in.close()
	out, err := createStates(w.states(i + 1))
	if err != nil {
		return err
	}
	defer out.abort()
	var sums [3]float64
	tokens := 0
	for batch := range b.count() {
		if err := step((i+1)*b.count() + batch); err != nil {
			return err
		}
		_, mask, valid := b.tokens(batch)
		x := make([]float32, len(mask)*b.hidden)
		if err := in.read(x); err != nil {
			return err
		}
		result, err := p.run(tensors.FromFlatDataAndDimensions(x, b.rows, b.length, b.hidden), tensors.FromFlatDataAndDimensions(mask, b.rows, b.length))
		if err != nil {
			return err
		}
		if err := consume(result[0], out.write); err != nil {
			return err
		}
		for unit := range sums {
			err := consume(result[1+unit], func(distances []float32) error { return addValid(&sums[unit], distances, valid) })
			if err != nil {
				return err
			}
		}
		for _, ok := range valid {
			if ok {
				tokens++
			}
		}
	}
	if err := out.commit(); err != nil {
		return err
	}
	scores := map[Unit]Score{Block: {i, sums[2] / float64(tokens)}}
	if compress.HasAttention(cfg, i) {
		scores[Attention] = Score{i, sums[0] / float64(tokens)}
	}
	if compress.HasMLP(cfg, i) {
		scores[MLP] = Score{i, sums[1] / float64(tokens)}
	}
	return w.advance(scores)
}

// addValid adds the distances of valid tokens.
func addValid(sum *float64, distances []float32, valid []bool) error {
	for t, d := range distances {
		if !valid[t] {
			continue
		}
		if math.IsNaN(float64(d)) {
			return errors.New("a state is zero or not finite: the weights are damaged")
		}
		*sum += float64(d)
	}
	return nil
}

// consume hands a result's values to use and frees it.
func consume(t *tensors.Tensor, use func([]float32) error) error {
	defer t.MustFinalizeAll()
	var err error
	if access := tensors.ConstFlatData(t, func(data []float32) { err = use(data) }); access != nil {
		return access
	}
	return err
}

// removeStates frees the disk space of states that are not needed any more.
func (w *work) removeStates(layer int) error {
	err := os.Remove(w.states(layer))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (w *work) states(layer int) string {
	return filepath.Join(w.dir, fmt.Sprintf("states-%d.f32", layer))
}
