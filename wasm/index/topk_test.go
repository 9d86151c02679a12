package index

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBestEqualsSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var kept Best
	for range 300 {
		matches := make([]Match, random.IntN(60))
		for i := range matches {
			matches[i] = Match{Doc: i, Score: float32(random.IntN(8)) - 4} // many ties
		}
		limit := random.IntN(70)
		kept.Reset(limit, len(matches))
		for _, i := range random.Perm(len(matches)) {
			kept.Push(matches[i])
		}
		slices.SortFunc(matches, CompareMatches)
		if want := matches[:min(limit, len(matches))]; !slices.Equal(kept.Sorted(), want) {
			t.Fatalf("limit %d of %d: not the best", limit, len(matches))
		}
	}
}

// What is not above the bound is not kept, and the bound is the highest such.
func TestBound(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	var kept, tried Best
	for range 300 {
		limit := random.IntN(5)
		kept.Reset(limit, 20)
		for doc := range 20 {
			bound, score := kept.Bound(), float32(random.IntN(6))
			tried.Reset(limit, 20)
			for _, m := range kept.heap {
				tried.Push(m)
			}
			tried.Push(Match{Doc: doc, Score: score})
			if changed := !slices.Equal(slices.Clone(tried.Sorted()), sortedCopy(kept.heap)); changed != (score > bound) {
				t.Fatalf("limit %d: %g with bound %g: kept %v", limit, score, bound, changed)
			}
			kept.Push(Match{Doc: doc, Score: score})
		}
	}
}

// Top is a stable sort by score, cut off, whatever the scores.
func TestTopEqualsSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	values := [...]float32{0, float32(math.Copysign(0, -1)), 1, 2, 2.5, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	for range 2000 {
		scores := make([]float32, random.IntN(30))
		kinds := 1 + random.IntN(len(values)) // all equal, many ties, NaNs at last
		for i := range scores {
			scores[i] = values[len(values)-1-random.IntN(kinds)]
		}
		var want []int
		for doc := range scores {
			want = append(want, doc)
		}
		slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		limit := random.IntN(35) - 1
		var got []int
		for _, m := range Top(scores, limit) {
			got = append(got, m.Doc)
			if math.Float32bits(m.Score) != math.Float32bits(scores[m.Doc]) {
				t.Fatalf("document %d has the score %g, not %g", m.Doc, m.Score, scores[m.Doc])
			}
		}
		if want = want[:min(max(limit, 0), len(want))]; !slices.Equal(got, want) {
			t.Fatalf("the best %d of %v are %v, want %v", limit, scores, got, want)
		}
	}
}

func sortedCopy(matches []Match) []Match {
	return slices.SortedFunc(slices.Values(matches), CompareMatches)
}
