package evaluate

import (
	"context"
	"errors"
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
	systems, err := Systems(context.Background(), dataset(), embedder, Options{
		Batch:   2,
		Fusions: []index.Fusion{index.DefaultFusion(), {K: 60, Keyword: 1, Semantic: 0.25}},
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
	if got := strings.Join(names, ", "); got != "bm25, vectors, fusion, fusion 1:0.25" {
		t.Errorf("systems %s", got)
	}
	if len(systems[0].Run["3"]) != 0 || len(systems[1].Run["3"]) != 3 {
		t.Errorf("query without a match: keyword %v, vectors %v", systems[0].Run["3"], systems[1].Run["3"])
	}
	if embedder.passages != 3 || embedder.queries != 3 || embedder.largest != 2 || len(stages) != 2 {
		t.Errorf("embedder saw %+v, stages %q", embedder, stages)
	}

	var out strings.Builder
	results := []Result{{Dataset: "Small-set", Documents: 3, Systems: systems}}
	if err := WriteTable(&out, results); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 5 {
		t.Errorf("table\n%s", out.String())
	}
	named := NamedFigures(results)
	if named["small_set_bm25_ndcg_at_10"] != systems[0].Mean.NDCG10 || named["small_set_fusion_1_0.25_mrr_at_10"] == 0 || named["small_set_queries"] != 3 {
		t.Errorf("figures %v", named)
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
		if _, err := Systems(context.Background(), dataset(), failing{vectors}, Options{}); err == nil || !strings.Contains(err.Error(), "small") {
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
