package retriever_test

import (
	"fmt"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// A query is answered by keyword at once, and by both when vectors are there.
func Example() {
	passages := []index.Passage{
		{Title: "context.WithCancel", Text: "Cancelling the context stops the request."},
		{Title: "http.Client.Timeout", Text: "Timeout limits how long a request may take."},
	}
	builder := index.NewBuilder(index.DefaultParameters())
	for _, p := range passages {
		builder.Add(index.Document{Title: p.Title, Text: p.Text})
	}
	// Errors are left out for brevity.
	keywordFile, _ := builder.MarshalBinary()
	passageFile, _ := index.MarshalPassages(passages)

	keyword, _ := index.ParseKeyword(keywordFile)
	store, _ := index.ParsePassages(passageFile)
	search, _ := retriever.Open(keyword, store, index.DefaultFusion())

	hits := search.Keyword("limit a request", 10)
	fmt.Println(search.Passage(hits[0].Doc).Title)

	vectors, _ := index.NewVectors(2)
	_ = vectors.Append([]float32{0.6, 0.8}) // an encoder's output for passage 0
	_ = vectors.Append([]float32{0.8, 0.6})
	_ = search.SetVectors(vectors, nil)
	fused, _ := search.Fused(hits, []float32{1, 0}, 10) // an encoder's output for the query
	for _, hit := range fused {
		fmt.Println(search.Passage(hit.Doc).Title, "keyword", hit.KeywordRank, "meaning", hit.SemanticRank)
	}
	// Output:
	// http.Client.Timeout
	// http.Client.Timeout keyword 1 meaning 1
	// context.WithCancel keyword 2 meaning 2
}
