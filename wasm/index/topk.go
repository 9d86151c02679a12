package index

import (
	"cmp"
	"slices"
)

// Match is one passage found, by its number in the bundle.
type Match struct {
	Doc   int
	Score float32
}

// CompareMatches orders the higher score first, then the lower number.
func CompareMatches(a, b Match) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.Doc, b.Doc)
}

// best keeps the limit best matches of those pushed to it, as a heap whose
// root is the worst one kept.
type best struct {
	limit int
	heap  []Match
}

// newBest expects at most candidates pushes.
func newBest(limit, candidates int) *best {
	return &best{limit: limit, heap: make([]Match, 0, max(0, min(limit, candidates)))}
}

func (b *best) push(m Match) {
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
	if b.limit <= 0 || CompareMatches(m, b.heap[0]) >= 0 {
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

// sorted returns the matches, best first, and leaves b empty.
func (b *best) sorted() []Match {
	found := b.heap
	b.heap = nil
	slices.SortFunc(found, CompareMatches)
	return found
}
