package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Run is what one system returned: query id, then documents in any order.
type Run map[string][]Scored

// Scored is a document with the score that ranks it.
type Scored struct {
	Doc   string
	Score float32
}

// ranked returns the document ids in the order of trec_eval: the higher score
// first, compared as float32, and of equal scores the document id that is
// greater as a string. The order in which a system itself showed documents of
// equal score does not count.
func ranked(list []Scored) ([]string, error) {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b Scored) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return cmp.Compare(b.Doc, a.Doc)
	})
	ids := make([]string, len(sorted))
	seen := make(map[string]bool, len(sorted))
	for i, s := range sorted {
		if math.IsNaN(float64(s.Score)) {
			return nil, fmt.Errorf("the score of document %q is not a number", s.Doc)
		}
		if seen[s.Doc] {
			return nil, fmt.Errorf("document %q is listed twice", s.Doc)
		}
		seen[s.Doc] = true
		ids[i] = s.Doc
	}
	return ids, nil
}
