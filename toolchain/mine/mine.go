// Package mine finds hard negatives for pairs of queries and passages: passages
// that keyword search or a teacher ranks high for a query although they do not
// answer it.
package mine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
)

// Embedder gives texts their vectors, of length 1. *evaluate.Float is one.
type Embedder interface {
	Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error)
}

// Options of Negatives.
type Options struct {
	// Negatives is how many a pair has at most; those that it has already stay
	// and count. Default 7, as EffiR trains with.
	Negatives int
	// Depth is how many passages keyword search and the teacher propose each;
	// default 50.
	Depth int
	// Margin tells false negatives: a passage whose cosine to the query is above
	// Margin times that of the pair's own passage is left out, because it is
	// likely to answer the query too. Default 0.95; 1 leaves out only what the
	// teacher likes better than the pair's own passage.
	Margin float64
	// Progress is told of stages; nil for none.
	Progress func(stage string, done, total int)
}

// Stats tell what became of the candidates.
type Stats struct {
	Passages   int // distinct ones, among which negatives were sought
	Candidates int // proposed for all pairs together, own passages not counted
	False      int // left out as false negatives
	Added      int // negatives
}

// Negatives returns the pairs with negatives found among the passages of all of
// them. The choice alternates between keyword search's ranking and the teacher's,
// best first.
func Negatives(ctx context.Context, backend backends.Backend, teacher Embedder, list []pairs.Pair, o Options) ([]pairs.Pair, Stats, error) {
	if err := o.fill(); err != nil {
		return nil, Stats{}, err
	}
	for i, p := range list {
		if p.Query == "" {
			return nil, Stats{}, fmt.Errorf("pair %d has no query: texts alone have no negatives", i+1)
		}
	}
	m := newMiner(list, o)
	if err := m.buildKeyword(); err != nil {
		return nil, Stats{}, err
	}
	if err := m.embed(ctx, teacher); err != nil {
		return nil, Stats{}, err
	}
	ranked, err := m.rank(ctx, backend)
	if err != nil {
		return nil, Stats{}, err
	}
	stats := Stats{Passages: len(m.passages)}
	out := slices.Clone(list)
	for i := range out {
		if err := ctx.Err(); err != nil {
			return nil, Stats{}, err
		}
		out[i].Negatives = m.choose(out[i], ranked[m.queryOf[out[i].Query]], &stats)
		o.Progress("choosing negatives", i+1, len(out))
	}
	return out, stats, nil
}

func (o *Options) fill() error {
	if o.Negatives == 0 {
		o.Negatives = 7
	}
	if o.Depth == 0 {
		o.Depth = 50
	}
	if o.Margin == 0 {
		o.Margin = 0.95
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	switch {
	case o.Negatives < 0 || o.Negatives > 1000:
		return fmt.Errorf("%d negatives a pair, want 1 to 1000", o.Negatives)
	case o.Depth < 0 || o.Depth > 1<<16:
		return fmt.Errorf("depth %d, want 1 to %d", o.Depth, 1<<16)
	case !(o.Margin > 0) || math.IsInf(o.Margin, 0):
		return fmt.Errorf("margin %g, want a number above 0", o.Margin)
	}
	return nil
}

// miner holds the distinct queries and passages of the pairs.
type miner struct {
	options        Options
	queries        []string
	queryOf        map[string]int
	passages       []string
	passageOf      map[string]int
	own            map[int][]int // the passages that answer a query
	keyword        *index.Keyword
	queryVectors   [][]float32
	passageVectors [][]float32
}

func newMiner(list []pairs.Pair, o Options) *miner {
	m := &miner{options: o, queryOf: map[string]int{}, passageOf: map[string]int{}, own: map[int][]int{}}
	add := func(text string, texts *[]string, of map[string]int) int {
		i, known := of[text]
		if !known {
			i = len(*texts)
			of[text] = i
			*texts = append(*texts, text)
		}
		return i
	}
	for _, p := range list {
		q := add(p.Query, &m.queries, m.queryOf)
		m.own[q] = append(m.own[q], add(p.Positive, &m.passages, m.passageOf))
		for _, n := range p.Negatives {
			add(n, &m.passages, m.passageOf)
		}
	}
	return m
}

// choose returns the negatives of a pair.
func (m *miner) choose(p pairs.Pair, candidates []int, stats *Stats) []string {
	q, positive := m.queryOf[p.Query], m.passageOf[p.Positive]
	// The distance below the own passage is a share of the cosine's size, whatever
	// its sign.
	own := cosine(m.queryVectors[q], m.passageVectors[positive])
	limit := own - (1-m.options.Margin)*math.Abs(own)
	negatives := slices.Clone(p.Negatives)
	for _, c := range candidates {
		if slices.Contains(m.own[q], c) || slices.Contains(p.Negatives, m.passages[c]) {
			continue
		}
		stats.Candidates++
		if cosine(m.queryVectors[q], m.passageVectors[c]) > limit {
			stats.False++
			continue
		}
		if len(negatives) < m.options.Negatives {
			negatives = append(negatives, m.passages[c])
			stats.Added++
		}
	}
	return negatives
}

// cosine of vectors of length 1, summed in float64.
func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// alternate merges rankings: the first of each, the second of each, and so on,
// without what was there already.
func alternate(rankings ...[]int) []int {
	longest := 0
	for _, r := range rankings {
		longest = max(longest, len(r))
	}
	var merged []int
	seen := map[int]bool{}
	for i := range longest {
		for _, r := range rankings {
			if i < len(r) && !seen[r[i]] {
				seen[r[i]] = true
				merged = append(merged, r[i])
			}
		}
	}
	return merged
}
