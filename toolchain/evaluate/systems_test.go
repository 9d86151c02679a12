package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
)

// bagOfWords embeds a text as the sum of a random direction per word.
type bagOfWords struct{ passages, queries, largest int }

func (e *bagOfWords) Embed(_ context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	if kind == encoder.Query {
		e.queries += len(texts)
	} else {
		e.passages += len(texts)
	}
	e.largest = max(e.largest, len(texts))
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		vectors[i] = make([]float32, 64)
		for _, word := range strings.Fields(text) {
			hash := fnv.New64a()
			hash.Write([]byte(word))
			for j := range vectors[i] {
				hash.Write([]byte{1})
				vectors[i][j] += float32(math.Float64frombits(hash.Sum64()>>12|1023<<52) - 1.5)
			}
		}
	}
	return vectors, nil
}

func dataset() *corpus.Dataset {
	return &corpus.Dataset{
		Name: "small",
		Corpus: []corpus.Passage{
			{ID: "a", Title: "apples", Text: "red and green apples grow on trees"},
			{ID: "b", Title: "boats", Text: "boats sail over seas"},
			{ID: "c", Title: "cars", Text: "cars drive on roads"},
		},
		Queries: []corpus.Query{{ID: "1", Text: "boats seas"}, {ID: "2", Text: "cars"}, {ID: "3", Text: "absent"}},
		Qrels:   corpus.Qrels{"1": {"b": 1}, "2": {"c": 2}, "3": {"a": 1}},
	}
}

func TestSystems(t *testing.T) {
	embedder := &bagOfWords{}
	var stages []string
	models := []Model{{Name: "words", Queries: embedder, Cost: Cost{Bytes: 2_500_000, MACs: 1_000_000}}}
	systems, err := Systems(context.Background(), dataset(), models, Options{
		Batch:   2,
		Fusions: []index.Fusion{index.DefaultFusion(), {Keyword: 1, Semantic: 0.25}},
		Progress: func(stage string, done, total int) {
			if done == total {
				stages = append(stages, stage)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range systems {
		names = append(names, s.Name)
		if s.Queries["1"].NDCG10 != 1 || s.Queries["2"].MRR10 != 1 || len(s.Queries) != 3 {
			t.Errorf("%s: %+v", s.Name, s.Queries)
		}
	}
	if got := strings.Join(names, ", "); got != "bm25, words, bm25 + words, bm25 + words 1:0.25" {
		t.Errorf("systems %s", got)
	}
	if len(systems[0].Run["3"]) != 0 || len(systems[1].Run["3"]) != 3 {
		t.Errorf("query without a match: keyword %v, vectors %v", systems[0].Run["3"], systems[1].Run["3"])
	}
	if embedder.passages != 3 || embedder.queries != 3 || embedder.largest != 2 || len(stages) != 2 {
		t.Errorf("embedder saw %+v, stages %q", embedder, stages)
	}
	checkWriters(t, systems, models)
}

func checkWriters(t *testing.T, systems []System, models []Model) {
	t.Helper()
	results := []Result{{"Small-set", 3, systems}, {"other", 3, systems[:2]}}
	var out strings.Builder
	if err := WriteTable(&out, results); err != nil {
		t.Fatal(err)
	}
	// A header, four and two systems, and the means of the two that both have.
	if lines := strings.Count(out.String(), "\n"); lines != 9 {
		t.Errorf("table\n%s", out.String())
	}
	out.Reset()
	if err := WriteMarkdown(&out, results, models, nil); err != nil {
		t.Fatal(err)
	}
	x := systems[1].Mean.NDCG10
	if want := fmt.Sprintf("| words | %.4f | %.4f | %.4f | 2.5 | 1.0 |\n", x, x, x); !strings.Contains(out.String(), want) {
		t.Errorf("Markdown lacks %q:\n%s", want, out.String())
	}
	out.Reset()
	fused := systems[2]
	confirmed := []PairTest{{"Small-set", Comparison{A: fused.Name, B: BM25}, 0.01}}
	if err := WriteMarkdown(&out, results, models, confirmed); err != nil || strings.Count(out.String(), "*") != 1 || !strings.Contains(out.String(), fmt.Sprintf("| %s | %.4f* |", fused.Name, fused.Mean.NDCG10)) {
		t.Errorf("the star of %s is missing, or stands elsewhere: %v\n%s", fused.Name, err, out.String())
	}
	named := NamedFigures(results)
	if named["small_set_bm25_ndcg_at_10"] != systems[0].Mean.NDCG10 || named["small_set_bm25_words_1_0.25_mrr_at_10"] == 0 || named["small_set_queries"] != 3 {
		t.Errorf("figures %v", named)
	}
	pairs := DefaultPairs(results[:1])
	if len(pairs) != 2 || pairs[0] != (Pair{"bm25 + words", BM25}) {
		t.Errorf("pairs %v", pairs)
	}
	tests, err := ComparePairs(results[:1], pairs, 1)
	if err != nil || len(tests) != 2 || tests[0].Dataset != "Small-set" || tests[0].Adjusted < tests[0].P {
		t.Errorf("tests %+v, %v", tests, err)
	}
	if _, err := ComparePairs(results, pairs, 1); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("error %v does not name the dataset that lacks the system", err)
	}
	path := filepath.Join(t.TempDir(), "quality.json")
	if err := NewFile(results, models, tests).Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "charts.html")
	if err := NewFile(results, models, tests).WriteCharts(page); err != nil {
		t.Fatal(err)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "words") || strings.Count(string(html), "<svg") < 2 {
		t.Errorf("page of charts lacks a model or a chart (%v)", err)
	}
	var file File
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Datasets) != 2 || file.Models[0].Bytes != 2_500_000 || file.Models[0].NDCG10 != x || len(file.Tests) != 2 {
		t.Errorf("file %+v", file)
	}
}

// Documents may be embedded by another model than queries.
func TestAsymmetricSystems(t *testing.T) {
	documents, queries := &bagOfWords{}, &bagOfWords{}
	systems, err := Systems(context.Background(), dataset(), []Model{{Name: "two", Documents: documents, Queries: queries}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if documents.passages != 3 || documents.queries != 0 || queries.passages != 0 || queries.queries != 3 {
		t.Errorf("documents %+v, queries %+v", documents, queries)
	}
	if systems[1].Queries["1"].NDCG10 != 1 {
		t.Errorf("figures %+v", systems[1].Queries)
	}
}

// int8 vectors lose next to nothing against float ones.
func TestFloatAndBundleScorersAgree(t *testing.T) {
	rows, err := (&bagOfWords{}).Embed(context.Background(), []string{"red apples", "green apples grow", "boats sail"}, encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	var scores [2][]float32
	for i, float := range []bool{false, true} {
		for _, row := range rows {
			if float { // the other scorer does not normalise
				continue
			}
			var length float64
			for _, x := range row {
				length += float64(x) * float64(x)
			}
			for j := range row {
				row[j] /= float32(math.Sqrt(length))
			}
		}
		s, err := newScorer(rows, float)
		if err != nil {
			t.Fatal(err)
		}
		if scores[i], err = s.scores(rows[1]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range rows {
		if d := math.Abs(float64(scores[0][i] - scores[1][i])); d > 0.01 {
			t.Errorf("row %d: %g and %g", i, scores[0][i], scores[1][i])
		}
	}
	if d := math.Abs(float64(scores[1][1]) - 1); d > 1e-6 {
		t.Errorf("a vector's cosine with itself differs from 1 by %g", d)
	}
}

type failing struct{ vectors [][]float32 }

func (f failing) Embed(context.Context, []string, encoder.Kind) ([][]float32, error) {
	if f.vectors == nil {
		return nil, errors.New("broken encoder")
	}
	return f.vectors, nil
}

func TestSystemsReportsEncoderErrors(t *testing.T) {
	nan := float32(math.NaN())
	for name, vectors := range map[string][][]float32{
		"error": nil, "too few": {{1}}, "different lengths": {{1}, {1, 2}, {1}}, "not a number": {{nan}, {1}, {1}},
	} {
		if _, err := Systems(context.Background(), dataset(), []Model{{Name: "broken", Queries: failing{vectors}}}, Options{}); err == nil || !strings.Contains(err.Error(), "small") {
			t.Errorf("%s: error %v does not name the dataset", name, err)
		}
	}
}

func TestSystemsObeysCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Systems(ctx, dataset(), nil, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// The baseline on real data must not get worse unnoticed.
func TestBM25Baseline(t *testing.T) {
	for name, least := range map[string]float64{"scifact": 0.700, "nq-qed": 0.882} {
		dir := filepath.Join("..", "..", "..", "shared", "data", name)
		if _, err := os.Stat(dir); err != nil {
			t.Skipf("%s is not here: this check needs the %s dataset in BEIR layout", dir, name)
		}
		data, err := corpus.ReadBEIR(dir, "test")
		if err != nil {
			t.Fatal(err)
		}
		systems, err := Systems(context.Background(), data, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := systems[0].Mean.NDCG10; got < least {
			t.Errorf("%s: nDCG@10 of BM25 is %.4f, was at least %.3f", name, got, least)
		}
	}
}
