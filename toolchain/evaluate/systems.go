package evaluate

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// Embedder turns texts into vectors of one length, one per text.
type Embedder interface {
	Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error)
}

// Options of Systems. The zero value measures what a search bundle does.
type Options struct {
	// Parameters of keyword ranking; zero is index.DefaultParameters.
	Parameters index.Parameters
	// Fusions are measured one by one; none is index.DefaultFusion alone.
	Fusions []index.Fusion
	// MaxWords cuts the text of a passage before it is embedded; 0 leaves it
	// to the encoder, which cuts at its own limit.
	MaxWords int
	// Batch is the number of texts per call of the Embedder; 0 is 32.
	Batch int
	// Progress, if set, is called after each batch.
	Progress func(stage string, done, total int)
}

// System is one line of the comparison.
type System struct {
	Name string // "bm25", "vectors", "fusion", "fusion 1:0.5"
	Run  Run
	*Report
}

// depth of every ranking that is evaluated, and of those that are fused.
const depth = retriever.FuseDepth

// Systems measures BM25 and, if embedder is not nil, vectors and fusion on one
// dataset, with the same int8 vectors and the same ranking code that users run.
func Systems(ctx context.Context, data *corpus.Dataset, embedder Embedder, options Options) ([]System, error) {
	if options.Parameters == (index.Parameters{}) {
		options.Parameters = index.DefaultParameters()
	}
	if len(options.Fusions) == 0 {
		options.Fusions = []index.Fusion{index.DefaultFusion()}
	}
	if options.Batch <= 0 {
		options.Batch = 32
	}
	if options.Progress == nil {
		options.Progress = func(string, int, int) {}
	}
	searcher, err := open(data.Corpus, options.Parameters)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", data.Name, err)
	}
	keyword := make([][]retriever.Hit, len(data.Queries))
	for i, query := range data.Queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		keyword[i] = searcher.Keyword(query.Text, depth)
	}
	systems := []System{{Name: "bm25", Run: runOf(data, keyword)}}
	if embedder != nil {
		semantic, err := semanticHits(ctx, data, searcher, embedder, options)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", data.Name, err)
		}
		systems = append(systems, System{Name: "vectors", Run: runOf(data, semantic)})
		for _, fusion := range options.Fusions {
			if err := fusion.Check(); err != nil {
				return nil, err
			}
			fused := make([][]retriever.Hit, len(data.Queries))
			for i := range fused {
				fused[i] = retriever.Fuse(fusion, keyword[i], semantic[i], depth)
			}
			systems = append(systems, System{Name: fusionName(fusion), Run: runOf(data, fused)})
		}
	}
	for i := range systems {
		if systems[i].Report, err = Evaluate(systems[i].Run, data.Qrels); err != nil {
			return nil, err
		}
	}
	return systems, nil
}

// open builds a search bundle in memory.
func open(passages []corpus.Passage, parameters index.Parameters) (*retriever.Retriever, error) {
	keywordFile, passageFile, err := corpus.BuildIndex(passages, parameters)
	if err != nil {
		return nil, err
	}
	keyword, err := index.ParseKeyword(keywordFile)
	if err != nil {
		return nil, err
	}
	store, err := index.ParsePassages(passageFile)
	if err != nil {
		return nil, err
	}
	return retriever.Open(keyword, store, index.DefaultFusion())
}

// semanticHits embeds the corpus and the queries and ranks by vectors.
func semanticHits(ctx context.Context, data *corpus.Dataset, searcher *retriever.Retriever, embedder Embedder, options Options) ([][]retriever.Hit, error) {
	texts := make([]string, len(data.Corpus))
	for i, passage := range data.Corpus {
		texts[i] = passage.EmbedText(options.MaxWords)
	}
	var vectors *index.Vectors
	err := embedAll(ctx, embedder, texts, encoder.Passage, options, func(_ int, vector []float32) (err error) {
		if vectors == nil {
			if vectors, err = index.NewVectors(len(vector)); err != nil {
				return err
			}
		}
		return vectors.Append(vector)
	})
	if err != nil {
		return nil, err
	}
	if vectors == nil {
		return nil, errors.New("the corpus is empty")
	}
	if err := searcher.SetVectors(vectors, nil); err != nil {
		return nil, err
	}
	texts = make([]string, len(data.Queries))
	for i, query := range data.Queries {
		texts[i] = query.Text
	}
	hits := make([][]retriever.Hit, len(data.Queries))
	err = embedAll(ctx, embedder, texts, encoder.Query, options, func(i int, vector []float32) (err error) {
		hits[i], err = searcher.Semantic(vector, depth)
		return err
	})
	return hits, err
}

// embedAll calls each with every text's vector, in order.
func embedAll(ctx context.Context, embedder Embedder, texts []string, kind encoder.Kind, options Options, each func(i int, vector []float32) error) error {
	stage := "embedding passages"
	if kind == encoder.Query {
		stage = "embedding queries"
	}
	for start := 0; start < len(texts); start += options.Batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := texts[start:min(start+options.Batch, len(texts))]
		vectors, err := embedder.Embed(ctx, batch, kind)
		if err != nil {
			return err
		}
		if len(vectors) != len(batch) {
			return fmt.Errorf("the encoder gave %d vectors for %d texts", len(vectors), len(batch))
		}
		for i, vector := range vectors {
			if err := each(start+i, vector); err != nil {
				return err
			}
		}
		options.Progress(stage, start+len(batch), len(texts))
	}
	return nil
}

// runOf names the documents of hits, which are one list per query.
func runOf(data *corpus.Dataset, hits [][]retriever.Hit) Run {
	run := make(Run, len(data.Queries))
	for i, query := range data.Queries {
		list := make([]Scored, len(hits[i]))
		for j, hit := range hits[i] {
			list[j] = Scored{Doc: data.Corpus[hit.Doc].ID, Score: hit.Score}
		}
		run[query.ID] = list
	}
	return run
}

func fusionName(fusion index.Fusion) string {
	if fusion.Keyword == fusion.Semantic {
		return "fusion"
	}
	number := func(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }
	return "fusion " + number(fusion.Keyword) + ":" + number(fusion.Semantic)
}
