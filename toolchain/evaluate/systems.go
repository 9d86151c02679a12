package evaluate

import (
	"context"
	"fmt"
	"strconv"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// Options of Systems and EmbedAll. The zero value measures what a search bundle does.
type Options struct {
	// Parameters of keyword ranking; zero is index.DefaultParameters.
	Parameters index.Parameters
	// Fusions are measured one by one; none is index.DefaultFusion alone.
	Fusions []index.Fusion
	// MaxWords cuts the text of a passage before it is embedded; 0 leaves it
	// to the encoder, which cuts at its own limit.
	MaxWords int
	// Batch is the number of texts per call of an Embedder; 0 is 256.
	Batch int
	// Progress, if set, is called after each batch.
	Progress func(stage string, done, total int)
}

func (o *Options) setDefaults() {
	if o.Parameters == (index.Parameters{}) {
		o.Parameters = index.DefaultParameters()
	}
	if len(o.Fusions) == 0 {
		o.Fusions = []index.Fusion{index.DefaultFusion()}
	}
	if o.Batch <= 0 {
		o.Batch = 256
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
}

// System is one line of the comparison.
type System struct {
	Name  string // "bm25", a model's name, "bm25 + " and a model's name
	Model string // name of the model; empty for keyword search alone
	Fused bool
	Run   Run
	*Report
}

// BM25 is the name of keyword search alone.
const BM25 = "bm25"

// FusedName is the name of a model's fusion with keyword search by the default
// weights.
func FusedName(model string) string { return BM25 + " + " + model }

// depth of every ranking that is evaluated, and of those that are fused.
const depth = retriever.FuseDepth

// Systems measures keyword search, and each model alone and fused with it, on
// one dataset, with the ranking code that users run.
func Systems(ctx context.Context, data *corpus.Dataset, models []Model, options Options) ([]System, error) {
	options.setDefaults()
	for _, fusion := range options.Fusions {
		if err := fusion.Check(); err != nil {
			return nil, err
		}
	}
	keyword, err := keywordHits(ctx, data, options.Parameters)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", data.Name, err)
	}
	systems := []System{{Name: BM25, Run: runOf(data, keyword)}}
	for _, model := range models {
		measured, err := modelSystems(ctx, data, model, keyword, options)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", data.Name, model.Name, err)
		}
		systems = append(systems, measured...)
	}
	for i := range systems {
		if systems[i].Report, err = Evaluate(systems[i].Run, data.Qrels); err != nil {
			return nil, err
		}
	}
	return systems, nil
}

// keywordHits returns the keyword ranking of each query.
func keywordHits(ctx context.Context, data *corpus.Dataset, parameters index.Parameters) ([][]retriever.Hit, error) {
	keywordFile, passageFile, err := corpus.BuildIndex(data.Corpus, parameters)
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
	searcher, err := retriever.Open(keyword, store, index.DefaultFusion())
	if err != nil {
		return nil, err
	}
	hits := make([][]retriever.Hit, len(data.Queries))
	for i, query := range data.Queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hits[i] = searcher.Keyword(query.Text, depth)
	}
	return hits, nil
}

// modelSystems ranks by a model alone and fused with the keyword rankings.
func modelSystems(ctx context.Context, data *corpus.Dataset, model Model, keyword [][]retriever.Hit, options Options) ([]System, error) {
	passages, err := EmbedAll(ctx, model.documents(), passageTexts(data.Corpus, options.MaxWords), encoder.Passage, options)
	if err != nil {
		return nil, err
	}
	scorer, err := newScorer(passages, model.Float)
	if err != nil {
		return nil, err
	}
	queries, err := EmbedAll(ctx, model.Queries, queryTexts(data.Queries), encoder.Query, options)
	if err != nil {
		return nil, err
	}
	semantic := make([][]retriever.Hit, len(queries))
	fused := make([][][]retriever.Hit, len(options.Fusions)) // per fusion and query
	for i, query := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cosines, err := scorer.scores(query)
		if err != nil {
			return nil, err
		}
		for rank, m := range index.Top(cosines, depth) {
			semantic[i] = append(semantic[i], retriever.Hit{Doc: m.Doc, Score: m.Score, SemanticRank: rank + 1})
		}
		for f, fusion := range options.Fusions {
			fused[f] = append(fused[f], retriever.Fuse(fusion, keyword[i], cosines, depth))
		}
	}
	systems := []System{{Name: model.Name, Model: model.Name, Run: runOf(data, semantic)}}
	for f, fusion := range options.Fusions {
		systems = append(systems, System{Name: fusionName(model.Name, fusion), Model: model.Name, Fused: true, Run: runOf(data, fused[f])})
	}
	return systems, nil
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

// fusionName tells fusions other than the default one apart by their weights.
func fusionName(model string, fusion index.Fusion) string {
	if fusion == index.DefaultFusion() {
		return FusedName(model)
	}
	number := func(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }
	return FusedName(model) + " " + number(fusion.Keyword) + ":" + number(fusion.Semantic)
}
