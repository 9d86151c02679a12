package retriever

import (
	"errors"
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
	r := open(t, index.Fusion{Keyword: 1, Semantic: 0.02}, "red apple", "green apple tree", "blue sky")
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
	fused, err := r.Fused(keyword, []float32{0, 1}, 10)
	if err != nil || len(fused) != 2 || fused[0].Doc != 0 || fused[0].KeywordRank != 1 || fused[0].SemanticRank != 2 {
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
