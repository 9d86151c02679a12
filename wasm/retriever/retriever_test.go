package retriever

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/index"
)

func open(t testing.TB, fusion index.Fusion, texts ...string) *Retriever {
	t.Helper()
	builder := index.NewBuilder(index.DefaultParameters())
	var passages []index.Passage
	for _, text := range texts {
		builder.Add(index.Document{Text: text})
		passages = append(passages, index.Passage{Text: text})
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyword, err := index.ParseKeyword(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(keyword, store(t, passages), fusion)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func store(t testing.TB, passages []index.Passage) *index.Passages {
	t.Helper()
	data, err := index.MarshalPassages(passages)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := index.ParsePassages(data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func vectors(t testing.TB, rows ...[]float32) *index.Vectors {
	t.Helper()
	v, err := index.NewVectors(len(rows[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := v.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestSearchIsProgressive(t *testing.T) {
	r := open(t, index.DefaultFusion(), "red apple", "green apple tree", "blue sky")
	keyword := r.Keyword("apples", 10)
	if len(keyword) != 2 || keyword[0].Doc != 0 || keyword[0].KeywordRank != 1 || keyword[1].KeywordRank != 2 ||
		keyword[0].Score != keyword[0].KeywordScore || keyword[0].SemanticRank != 0 {
		t.Fatalf("keyword hits %+v", keyword)
	}
	if got := r.KeywordTyping("app", 10); len(got) != 2 {
		t.Fatalf("hits while typing %+v", got)
	}
	if _, err := r.Semantic([]float32{1, 0}, 10); !errors.Is(err, ErrNoVectors) {
		t.Fatalf("error %v, want ErrNoVectors", err)
	}
	// Two of three passages have vectors: only those are found by meaning.
	if err := r.SetVectors(vectors(t, []float32{1, 0}, []float32{0, 1}), nil); err != nil {
		t.Fatal(err)
	}
	semantic, err := r.Semantic([]float32{0, 1}, 10)
	if err != nil || len(semantic) != 2 || semantic[0].Doc != 1 || semantic[0].SemanticRank != 1 || r.Covered() != 2 {
		t.Fatalf("semantic hits %+v, error %v, covered %d", semantic, err, r.Covered())
	}
	fused := r.Fuse(keyword, semantic, 10)
	if len(fused) != 2 || fused[0].Doc != 0 || fused[0].KeywordRank != 1 || fused[0].SemanticRank != 2 {
		t.Fatalf("fused hits %+v", fused)
	}
	if got := r.Passage(fused[1].Doc).Text; got != "green apple tree" {
		t.Fatalf("passage %q", got)
	}
	if err := r.SetVectors(vectors(t, []float32{1}, []float32{1}, []float32{1}, []float32{1}), nil); err == nil {
		t.Fatal("more vectors than passages were accepted")
	}
	if r.Covered() != 2 {
		t.Fatal("refused vectors replaced the good ones")
	}
}

func ranks(docs ...int) (keyword, semantic []Hit) {
	for i, doc := range docs {
		keyword = append(keyword, Hit{Doc: doc, KeywordRank: i + 1, KeywordScore: float32(9 - i), Score: float32(9 - i)})
		semantic = append(semantic, Hit{Doc: doc, SemanticRank: i + 1, SemanticScore: float32(9-i) / 10, Score: float32(9-i) / 10})
	}
	return keyword, semantic
}

func TestFuse(t *testing.T) {
	keyword, _ := ranks(4, 2, 7)
	_, semantic := ranks(2, 9, 4)
	tests := []struct {
		fusion index.Fusion
		want   []int
	}{
		// 2: 1/62 + 1/61, 4: 1/61 + 1/63, 9: 1/62, 7: 1/63
		{index.DefaultFusion(), []int{2, 4, 9, 7}},
		// 4: 1/61 + .1/63, 2: 1/62 + .1/61, 7: 1/63, 9: .1/62
		{index.Fusion{K: 60, Keyword: 1, Semantic: 0.1}, []int{4, 2, 7, 9}},
		{index.Fusion{K: 60, Keyword: 1}, []int{4, 2, 7}},
		{index.Fusion{K: 60, Semantic: 1}, []int{2, 9, 4}},
	}
	for _, test := range tests {
		r := open(t, test.fusion, "x")
		var got []int
		for _, hit := range r.Fuse(keyword, semantic, 10) {
			got = append(got, hit.Doc)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.fusion, got, test.want)
		}
	}
	r := open(t, index.DefaultFusion(), "x")
	first := r.Fuse(keyword, semantic, 1)
	want := 1.0/62 + 1.0/61
	if len(first) != 1 || math.Abs(float64(first[0].Score)-want) > 1e-8 {
		t.Errorf("first hit %+v, want score %g", first, want)
	}
	if first[0].KeywordRank != 2 || first[0].KeywordScore != 8 || first[0].SemanticRank != 1 || first[0].SemanticScore != 0.9 {
		t.Errorf("first hit %+v lost where it comes from", first[0])
	}
	if got := r.Fuse(nil, nil, 5); len(got) != 0 {
		t.Errorf("fusing nothing gave %v", got)
	}
	if got := r.Fuse(keyword, semantic, -1); len(got) != 0 {
		t.Errorf("limit -1 gave %v", got)
	}
}

func TestFuseOrdersTiesByDocument(t *testing.T) {
	keyword, _ := ranks(8)
	_, semantic := ranks(3)
	got := open(t, index.DefaultFusion(), "x").Fuse(keyword, semantic, 2)
	if got[0].Doc != 3 || got[1].Doc != 8 || got[0].Score != got[1].Score {
		t.Errorf("got %+v", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	data, err := index.NewBuilder(index.DefaultParameters()).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyword, err := index.ParseKeyword(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(keyword, store(t, []index.Passage{{}}), index.DefaultFusion()); err == nil {
		t.Error("a store of another size was accepted")
	}
	if _, err := Open(keyword, store(t, nil), index.Fusion{}); err == nil {
		t.Error("fusion without weights was accepted")
	}
}
