package evaluate

import (
	"fmt"
	"testing"

	"github.com/effir/effir/toolchain/corpus"
)

func TestSubset(t *testing.T) {
	data := &corpus.Dataset{Name: "many", Qrels: corpus.Qrels{}}
	for i := range 50 {
		data.Corpus = append(data.Corpus, corpus.Passage{ID: fmt.Sprint("d", i)})
	}
	for i := range 20 {
		id := fmt.Sprint("q", i)
		data.Queries = append(data.Queries, corpus.Query{ID: id})
		data.Qrels[id] = map[string]int{fmt.Sprint("d", i): 1, fmt.Sprint("d", i+1): 0, fmt.Sprint("d", 49-i): 2}
	}
	has := func(s *corpus.Dataset, doc string) bool {
		for _, p := range s.Corpus {
			if p.ID == doc {
				return true
			}
		}
		return false
	}
	var before *corpus.Dataset
	for _, queries := range []int{3, 8} {
		s := Subset(data, 25, queries)
		if len(s.Queries) != queries || len(s.Qrels) != queries || len(s.Corpus) != 25 {
			t.Fatalf("%d queries, %d judged, %d documents", len(s.Queries), len(s.Qrels), len(s.Corpus))
		}
		for query, judged := range s.Qrels {
			for doc, relevance := range judged {
				if relevance > 0 && !has(s, doc) {
					t.Errorf("query %s lost %s", query, doc)
				}
			}
		}
		if before != nil {
			for _, q := range before.Queries {
				if s.Qrels[q.ID] == nil {
					t.Errorf("the larger subset lacks query %s", q.ID)
				}
			}
		}
		before = s
	}
	if s := Subset(data, 1, 8); len(s.Corpus) != 16 {
		t.Errorf("%d documents, want the 16 relevant ones", len(s.Corpus))
	}
	if s := Subset(data, 0, 0); len(s.Corpus) != 50 || len(s.Queries) != 20 {
		t.Error("a subset of everything lacks something")
	}
	if len(data.Corpus) != 50 || len(data.Queries) != 20 || len(data.Qrels) != 20 {
		t.Error("the dataset was changed")
	}
}
