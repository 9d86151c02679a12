package mine

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/effir/effir/gomlx-models/layer"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
)

// buildKeyword indexes the passages.
func (m *miner) buildKeyword() error {
	b := index.NewBuilder(index.DefaultParameters())
	for _, p := range m.passages {
		b.Add(index.Document{Text: p})
	}
	data, err := b.MarshalBinary()
	if err != nil {
		return err
	}
	m.keyword, err = index.ParseKeyword(data)
	return err
}

// slab is how many texts are embedded between two calls of Progress.
const slab = 512

// embed gives all texts their vectors.
func (m *miner) embed(ctx context.Context, teacher Embedder) (err error) {
	embedAll := func(stage string, texts []string, kind encoder.Kind) ([][]float32, error) {
		var all [][]float32
		for len(all) < len(texts) {
			part := texts[len(all):min(len(all)+slab, len(texts))]
			vectors, err := teacher.Embed(ctx, part, kind)
			if err != nil {
				return nil, err
			}
			all = append(all, vectors...)
			m.options.Progress(stage, len(all), len(texts))
		}
		return all, nil
	}
	if m.passageVectors, err = embedAll("embedding passages", m.passages, encoder.Passage); err != nil {
		return err
	}
	m.queryVectors, err = embedAll("embedding queries", m.queries, encoder.Query)
	return err
}

// block is how many queries are compared with all passages at once.
const block = 128

// rank returns the candidates of each query, best first.
func (m *miner) rank(ctx context.Context, backend backends.Backend) ([][]int, error) {
	dims := len(m.passageVectors[0])
	flat := make([]float32, 0, len(m.passageVectors)*dims)
	for _, v := range m.passageVectors {
		flat = append(flat, v...)
	}
	passages := tensors.FromFlatDataAndDimensions(flat, len(m.passageVectors), dims)
	defer passages.MustFinalizeAll()
	product, err := graph.NewExec(backend, func(q, p *graph.Node) *graph.Node { return layer.Product(q, p) })
	if err != nil {
		return nil, err
	}
	defer product.Finalize()
	var ranked [][]int
	for len(ranked) < len(m.queries) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// The last block is filled up with zeros: one size, one program.
		queries := make([]float32, block*dims)
		n := min(block, len(m.queries)-len(ranked))
		for i := range n {
			copy(queries[i*dims:], m.queryVectors[len(ranked)+i])
		}
		out, err := product.Exec1(tensors.FromFlatDataAndDimensions(queries, block, dims), passages)
		if err != nil {
			return nil, fmt.Errorf("compare queries with passages: %w", err)
		}
		err = tensors.ConstFlatData(out, func(scores []float32) {
			for i := range n {
				dense := index.Top(scores[i*len(m.passages):(i+1)*len(m.passages)], m.options.Depth)
				var words []int
				for _, found := range m.keyword.Search(m.queries[len(ranked)], m.options.Depth) {
					words = append(words, found.Doc)
				}
				ranked = append(ranked, alternate(words, numbers(dense)))
			}
		})
		if err != nil {
			return nil, err
		}
		if err := out.FinalizeAll(); err != nil {
			return nil, err
		}
		m.options.Progress("ranking passages", len(ranked), len(m.queries))
	}
	return ranked, nil
}

func numbers(matches []index.Match) []int {
	list := make([]int, len(matches))
	for i, m := range matches {
		list[i] = m.Doc
	}
	return list
}
