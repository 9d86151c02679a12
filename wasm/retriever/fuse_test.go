package retriever

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/index"
)

// keywordList ranks documents that fit more or less.
func keywordList(docs []int, fits []float32) []Hit {
	hits := make([]Hit, len(docs))
	for i, doc := range docs {
		score := float32(len(docs) - i)
		hits[i] = Hit{Doc: doc, Score: score, KeywordScore: score, KeywordFit: fits[i], KeywordRank: i + 1}
	}
	return hits
}

func fusedDocs(hits []Hit) []int {
	docs := make([]int, len(hits))
	for i, hit := range hits {
		docs[i] = hit.Doc
	}
	return docs
}

// The scores are those of an independent implementation in NumPy.
func TestFuseEqualsNumPy(t *testing.T) {
	var golden []struct {
		Fusion  index.Fusion
		Docs    []int     // of the keyword ranking
		Fits    []float32 // of these
		Cosines []float32
		Want    []int
		Scores  []float64
	}
	text, err := os.ReadFile("testdata/fuse.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) < 12 {
		t.Fatalf("%d cases", len(golden))
	}
	for i, c := range golden {
		got := Fuse(c.Fusion, keywordList(c.Docs, c.Fits), c.Cosines, len(c.Want))
		if !slices.Equal(fusedDocs(got), c.Want) {
			t.Errorf("case %d: %v, want %v", i, fusedDocs(got), c.Want)
			continue
		}
		for j, hit := range got {
			if math.Abs(float64(hit.Score)-c.Scores[j]) > 1e-5 {
				t.Errorf("case %d: score %d is %g, want %g", i, j, hit.Score, c.Scores[j])
			}
		}
	}
}

func TestFuseKeepsWhereHitsComeFrom(t *testing.T) {
	keyword := keywordList([]int{4, 2}, []float32{0.9, 0.8})
	got := Fuse(index.Fusion{Keyword: 1, Semantic: 1}, keyword, []float32{0.1, 0.2, 0.9, 0.3, 0.5}, 10)
	want := map[int]Hit{
		0: {SemanticRank: 5, SemanticScore: 0.1}, 1: {SemanticRank: 4, SemanticScore: 0.2},
		2: {KeywordRank: 2, KeywordScore: 1, KeywordFit: 0.8, SemanticRank: 1, SemanticScore: 0.9},
		3: {SemanticRank: 3, SemanticScore: 0.3},
		4: {KeywordRank: 1, KeywordScore: 2, KeywordFit: 0.9, SemanticRank: 2, SemanticScore: 0.5},
	}
	if len(got) != len(want) || got[0].Doc != 2 || got[1].Doc != 4 {
		t.Fatalf("order %v", fusedDocs(got))
	}
	for _, hit := range got {
		doc := hit.Doc
		hit.Doc, hit.Score = 0, 0
		if hit != want[doc] {
			t.Errorf("passage %d: %+v, want %+v", doc, hit, want[doc])
		}
	}
	if keyword[0].SemanticRank != 0 || keyword[0].Score != 2 {
		t.Error("the caller's hits were changed")
	}
}

func TestFuseWithOneRanking(t *testing.T) {
	keyword := keywordList([]int{3, 0}, []float32{1, 0.5})
	cosines := []float32{0.2, 0.9, 0.5, 0.1}
	for name, test := range map[string]struct {
		fusion  index.Fusion
		keyword []Hit
		cosines []float32
		want    []int
	}{
		"no keyword hit":     {index.DefaultFusion(), nil, cosines, []int{1, 2, 0, 3}},
		"no vectors":         {index.DefaultFusion(), keyword, nil, []int{3, 0}},
		"equal vectors":      {index.DefaultFusion(), keyword, []float32{1, 1, 1, 1}, []int{3, 0, 1, 2}},
		"keyword weight 0":   {index.Fusion{Semantic: 1}, keyword, cosines, []int{1, 2, 0, 3}},
		"semantic weight 0":  {index.Fusion{Keyword: 1}, keyword, cosines, []int{3, 0}},
		"neither has a hit":  {index.DefaultFusion(), nil, nil, []int{}},
		"ties by the number": {index.Fusion{Keyword: 1}, keywordList([]int{7, 5, 6}, []float32{1, 1, 1}), nil, []int{5, 6, 7}},
	} {
		if got := fusedDocs(Fuse(test.fusion, test.keyword, test.cosines, 10)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if got := Fuse(index.DefaultFusion(), keyword, cosines, -1); len(got) != 0 {
		t.Errorf("limit -1 gave %v", got)
	}
}

// While passages are being embedded, keyword hits without a vector must not fall
// behind those that have one.
func TestFuseWhileEmbedding(t *testing.T) {
	keyword := keywordList([]int{9, 1, 2, 8}, []float32{1, 0.98, 0.2, 0.18})
	got := Fuse(index.DefaultFusion(), keyword, []float32{0, 0.8, 0.8, 0.1}, 10)
	if order := fusedDocs(got); !slices.Equal(order[:4], []int{9, 1, 2, 8}) {
		t.Errorf("order %v", order)
	}
}

func TestFuseConsidersFuseDepthHits(t *testing.T) {
	var docs []int
	var scores []float32
	for i := range 3 * FuseDepth {
		docs, scores = append(docs, i), append(scores, 1/float32(i+1))
	}
	cosines := make([]float32, 4*FuseDepth)
	for i := range cosines {
		cosines[i] = float32(i)
	}
	got := Fuse(index.DefaultFusion(), keywordList(docs, scores), cosines, 1000)
	if len(got) != 2*FuseDepth {
		t.Errorf("%d candidates, want %d", len(got), 2*FuseDepth)
	}
}

func BenchmarkFuse(b *testing.B) {
	cosines := make([]float32, 20000)
	for i := range cosines {
		cosines[i] = float32(math.Sin(float64(i * i)))
	}
	keyword := keywordList([]int{5, 77, 1234, 19999}, []float32{0.8, 0.6, 0.4, 0.2})
	for b.Loop() {
		Fuse(index.DefaultFusion(), keyword, cosines, 10)
	}
}
