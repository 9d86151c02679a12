package evaluate

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// Permutations is how many random sign patterns Compare draws. The standard
// error of a p-value of 0.05 is then 0.002.
const Permutations = 10_000

// Comparison says how system A differs from system B on the same queries, by
// nDCG@10.
type Comparison struct {
	A, B               string
	Queries            int
	Difference         float64 // mean of A minus mean of B
	P                  float64 // two-sided, of the paired randomisation test
	Wins, Ties, Losses int     // queries on which A is better, equal, worse
}

// Compare tests whether two systems that answered the same queries differ, by
// the paired randomisation test: under the null hypothesis the two figures of a
// query could as well be exchanged, so p is the share of exchange patterns whose
// mean difference is at least as far from 0 as the one observed (Smucker, Allan
// and Carterette, CIKM 2007). With up to 13 queries that differ all patterns are
// counted; beyond, Permutations patterns are drawn from a generator with the
// given seed and the observed one is added to both counts, which keeps p above 0
// and the test valid (Phipson and Smyth 2010).
func Compare(a, b System, seed uint64) (Comparison, error) {
	c := Comparison{A: a.Name, B: b.Name}
	if a.Report == nil || b.Report == nil {
		return c, errors.New("comparing systems: one has no figures")
	}
	c.Queries = len(a.Queries)
	if len(b.Queries) != c.Queries {
		return c, fmt.Errorf("comparing %s and %s: they have %d and %d queries: compare runs of the same judgements", a.Name, b.Name, c.Queries, len(b.Queries))
	}
	var differences []float64 // those that are not 0: the others change no sum
	for _, id := range slices.Sorted(maps.Keys(a.Queries)) {
		other, both := b.Queries[id]
		if !both {
			return c, fmt.Errorf("comparing %s and %s: query %q is missing from the second: compare runs of the same judgements", a.Name, b.Name, id)
		}
		d := a.Queries[id].NDCG10 - other.NDCG10
		switch {
		case math.Abs(d) < 1e-12:
			c.Ties++
			continue
		case d > 0:
			c.Wins++
		default:
			c.Losses++
		}
		differences = append(differences, d)
		c.Difference += d
	}
	c.P = randomisationP(differences, seed)
	if c.Queries > 0 {
		c.Difference /= float64(c.Queries)
	}
	return c, nil
}

// maxExact is the number of differences up to which every pattern of signs is
// tried: 2^13 are fewer than Permutations.
const maxExact = 13

func randomisationP(differences []float64, seed uint64) float64 {
	var observed, scale float64
	for _, d := range differences {
		observed += d
		scale += math.Abs(d)
	}
	// Sums of the same numbers in another order differ in the last bits.
	least := math.Abs(observed) - 1e-12*scale
	if len(differences) <= maxExact {
		extreme, patterns := 0, 1<<len(differences)
		for pattern := range patterns {
			var sum float64
			for i, d := range differences {
				if pattern>>i&1 == 1 {
					d = -d
				}
				sum += d
			}
			if math.Abs(sum) >= least {
				extreme++
			}
		}
		return float64(extreme) / float64(patterns)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	extreme := 1
	for range Permutations {
		var sum float64
		var bits uint64
		for i, d := range differences {
			if i%64 == 0 {
				bits = random.Uint64()
			}
			if bits&1 == 1 {
				d = -d
			}
			bits >>= 1
			sum += d
		}
		if math.Abs(sum) >= least {
			extreme++
		}
	}
	return float64(extreme) / float64(Permutations+1)
}

// Holm returns the p-values of a family of tests adjusted so that, when each is
// held against a level, the chance of any false alarm in the family is at most
// that level (Holm 1979): the i-th smallest of n becomes the greatest of
// (n-j) p[j] for j up to i counted from 0, at most 1.
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case ps[a] < ps[b]:
			return -1
		case ps[a] > ps[b]:
			return 1
		}
		return 0
	})
	adjusted := make([]float64, len(ps))
	var largest float64
	for rank, i := range order {
		largest = max(largest, min(1, float64(len(ps)-rank)*ps[i]))
		adjusted[i] = largest
	}
	return adjusted
}
