package analyze

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/encoder"
)

// streamed embeds texts layer by layer: the weights of one layer are in memory, beside the states of
// all texts of a call. Models that differ in which parts they lack share compiled programs, where
// compiling each as a whole would take longer than running it.
type streamed struct {
	runner *runner
	model  compress.Model
	reader *reader.Reader
	tokens int // per batch, padding included
}

// lengths to which texts are padded.
var lengths = []int{16, 32, 64, 128, 256, 512, 1024, 2048, 4096}

// group is a batch of texts of similar length on its way through the model.
type group struct {
	texts        []int // indices
	rows, length int
	mask         []bool
	states       []float32 // [rows, length, hidden]; ids before the embedding
}

// Embed implements evaluate.Embedder. A text without tokens gets a vector that is similar to
// nothing.
func (s *streamed) Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	ids := make([][]int32, len(texts))
	for i, text := range texts {
		var err error
		if ids[i], err = s.reader.Read(text, kind); err != nil && !errors.Is(err, reader.ErrEmpty) {
			return nil, err
		}
	}
	return s.vectors(ctx, ids)
}

// vectors embeds texts given as tokens.
func (s *streamed) vectors(ctx context.Context, ids [][]int32) ([][]float32, error) {
	cfg, how := s.model.Config(), s.reader.Embedding()
	groups := s.groups(ids)
	if err := s.embed(ctx, groups, ids); err != nil {
		return nil, err
	}
	for i := range cfg.NumHiddenLayers {
		if empty(cfg, i) {
			continue
		}
		p, err := s.runner.layer(s.model, i)
		if err != nil {
			return nil, err
		}
		err = s.each(ctx, p, groups, cfg.HiddenSize, func(g *group, out []float32) { copy(g.states, out) })
		if err != nil {
			return nil, err
		}
	}
	p, err := s.runner.vector(s.model, how)
	if err != nil {
		return nil, err
	}
	defer p.close()
	dims := cfg.Dims()
	vectors := make([][]float32, len(ids))
	err = s.each(ctx, p, groups, cfg.HiddenSize, func(g *group, out []float32) {
		for row, text := range g.texts {
			vectors[text] = slices.Clone(out[row*dims : (row+1)*dims])
		}
	})
	for i, v := range vectors {
		if v == nil {
			vectors[i] = make([]float32, dims)
		}
	}
	return vectors, err
}

// groups puts texts that have tokens into batches by length.
func (s *streamed) groups(ids [][]int32) []*group {
	var order []int
	for i := range ids {
		if len(ids[i]) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(ids[a]), len(ids[b])) })
	var groups []*group
	for _, length := range append(slices.Clone(lengths), s.reader.Limit()) {
		length = min(length, s.reader.Limit())
		n := 0
		for n < len(order) && len(ids[order[n]]) <= length {
			n++
		}
		rows := max(1, s.tokens/length)
		for texts := range slices.Chunk(order[:n], rows) {
			groups = append(groups, &group{texts: texts, rows: rows, length: length})
		}
		order = order[n:]
	}
	return groups
}

// embed sets the states of all groups to the input of layer 0.
func (s *streamed) embed(ctx context.Context, groups []*group, ids [][]int32) error {
	p, err := s.runner.embedding(s.model)
	if err != nil {
		return err
	}
	defer p.close()
	for _, g := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		flat := make([]int32, g.rows*g.length)
		g.mask = make([]bool, len(flat))
		for row := range g.rows {
			g.mask[row*g.length] = true // every row needs a token
			if row < len(g.texts) {
				copy(flat[row*g.length:], ids[g.texts[row]])
				for t := range ids[g.texts[row]] {
					g.mask[row*g.length+t] = true
				}
			}
		}
		result, err := p.run(tensors.FromFlatDataAndDimensions(flat, g.rows, g.length), tensors.FromFlatDataAndDimensions(g.mask, g.rows, g.length))
		if err != nil {
			return err
		}
		if err := consume(result[0], func(x []float32) error { g.states = slices.Clone(x); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// each runs a program on all groups and hands its first result to use.
func (s *streamed) each(ctx context.Context, p *program, groups []*group, hidden int, use func(g *group, out []float32)) error {
	for _, g := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		results, err := p.run(tensors.FromFlatDataAndDimensions(g.states, g.rows, g.length, hidden), tensors.FromFlatDataAndDimensions(g.mask, g.rows, g.length))
		if err != nil {
			return err
		}
		err = consume(results[0], func(out []float32) error { use(g, out); return nil })
		for _, rest := range results[1:] {
			rest.MustFinalizeAll()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
