package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBestEqualsSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		matches := make([]Match, random.IntN(60))
		for i := range matches {
			matches[i] = Match{Doc: i, Score: float32(random.IntN(8)) - 4} // many ties
		}
		limit := random.IntN(70)
		kept := newBest(limit, len(matches))
		for _, i := range random.Perm(len(matches)) {
			kept.push(matches[i])
		}
		slices.SortFunc(matches, CompareMatches)
		if want := matches[:min(limit, len(matches))]; !slices.Equal(kept.sorted(), want) {
			t.Fatalf("limit %d of %d: not the best", limit, len(matches))
		}
	}
}
