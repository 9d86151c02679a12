package index

import (
	"cmp"
	"math"
	"slices"
)

// Match is one passage found, by its number in the bundle.
type Match struct {
	Doc   int
	Score float32
}

// CompareMatches orders the higher score first, then the lower number. A NaN is
// less than all numbers.
func CompareMatches(a, b Match) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.Doc, b.Doc)
}

// Best keeps the best of the matches pushed to it, as a heap whose root is the
// worst one kept. It is ready for use after Reset.
type Best struct {
	limit int
	heap  []Match
}

// Reset makes b empty, to keep the limit best of at most candidates matches. What
// Sorted returned before is overwritten.
func (b *Best) Reset(limit, candidates int) {
	b.limit = max(limit, 0)
	if n := min(b.limit, candidates); cap(b.heap) < n {
		b.heap = make([]Match, 0, n)
	}
	b.heap = b.heap[:0]
}

// Limit returns how many matches are kept at most.
func (b *Best) Limit() int { return b.limit }

// Bound returns a score that finite scores must exceed to be kept, if their numbers
// are higher than all pushed before.
func (b *Best) Bound() float32 {
	switch {
	case len(b.heap) < b.limit:
		return float32(math.Inf(-1))
	case b.limit == 0:
		return float32(math.Inf(1))
	}
	return b.heap[0].Score
}

// Push adds a match if it is among the best.
func (b *Best) Push(m Match) {
	if len(b.heap) < b.limit {
		b.heap = append(b.heap, m)
		for i := len(b.heap) - 1; i > 0; {
			parent := (i - 1) / 2
			if CompareMatches(b.heap[i], b.heap[parent]) <= 0 {
				break
			}
			b.heap[i], b.heap[parent] = b.heap[parent], b.heap[i]
			i = parent
		}
		return
	}
	if b.limit == 0 || CompareMatches(m, b.heap[0]) >= 0 {
		return
	}
	b.heap[0] = m
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(b.heap); child++ {
			if CompareMatches(b.heap[child], b.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		b.heap[i], b.heap[worst] = b.heap[worst], b.heap[i]
		i = worst
	}
}

// Sorted returns the matches, best first. They are valid until the next Reset, which
// must come before the next Push.
func (b *Best) Sorted() []Match {
	slices.SortFunc(b.heap, CompareMatches)
	return b.heap
}

// Top returns the limit highest scores as matches, Doc being the position; ties
// go to the lower one, and NaNs are less than all numbers.
func Top(scores []float32, limit int) []Match {
	if limit <= 0 || len(scores) == 0 {
		return nil
	}
	var best Best
	best.Reset(limit, len(scores))
	limit = min(limit, len(scores))
	for doc, score := range scores[:limit] {
		best.Push(Match{Doc: doc, Score: score})
	}
	for i, score := range scores[limit:] {
		if !(score <= best.heap[0].Score) { // an equal score loses to a lower number
			best.Push(Match{Doc: limit + i, Score: score})
		}
	}
	return best.Sorted()
}
