package evaluate

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/effir/effir/toolchain/corpus"
)

// Subset returns a smaller dataset for a quick look: the given number of judged
// queries, every document that is relevant to one of them, and other documents
// up to the given number (or a few more, if there are more relevant ones). 0
// keeps all. What is chosen follows from a hash of the ids alone, so it is the
// same everywhere and a larger subset holds a smaller one's queries. Scores on a
// subset are higher than on the whole set; compare like with like.
func Subset(data *corpus.Dataset, documents, queries int) *corpus.Dataset {
	small := &corpus.Dataset{Name: data.Name, Corpus: data.Corpus, Queries: data.Queries, Qrels: data.Qrels}
	if queries > 0 && queries < len(data.Queries) {
		chosen := first(queries, data.Queries, func(q corpus.Query) string { return q.ID })
		small.Queries, small.Qrels = nil, make(corpus.Qrels, queries)
		for _, query := range data.Queries {
			if chosen[query.ID] {
				small.Queries = append(small.Queries, query)
				small.Qrels[query.ID] = data.Qrels[query.ID]
			}
		}
	}
	if documents <= 0 || documents >= len(data.Corpus) {
		return small
	}
	relevant := make(map[string]bool)
	for _, judged := range small.Qrels {
		for doc, relevance := range judged {
			if relevance > 0 {
				relevant[doc] = true
			}
		}
	}
	var others []corpus.Passage
	kept := 0
	for _, p := range data.Corpus {
		if relevant[p.ID] {
			kept++
		} else {
			others = append(others, p)
		}
	}
	distractors := first(documents-kept, others, func(p corpus.Passage) string { return p.ID })
	small.Corpus = nil
	for _, p := range data.Corpus {
		if relevant[p.ID] || distractors[p.ID] {
			small.Corpus = append(small.Corpus, p)
		}
	}
	return small
}

// first returns the ids of the n items whose ids have the lowest hashes.
func first[T any](n int, items []T, id func(T) string) map[string]bool {
	type hashed struct {
		id  string
		sum [sha256.Size]byte
	}
	list := make([]hashed, len(items))
	for i, item := range items {
		list[i] = hashed{id(item), sha256.Sum256([]byte(id(item)))}
	}
	slices.SortFunc(list, func(a, b hashed) int {
		return cmp.Or(slices.Compare(a.sum[:], b.sum[:]), cmp.Compare(a.id, b.id))
	})
	chosen := make(map[string]bool)
	for _, item := range list[:min(max(n, 0), len(list))] {
		chosen[item.id] = true
	}
	return chosen
}
