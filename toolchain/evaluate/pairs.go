package evaluate

import "fmt"

// Pair names two systems to be held against each other.
type Pair struct{ A, B string }

// PairTest is the comparison of a pair on one dataset.
type PairTest struct {
	Dataset string
	Comparison
	Adjusted float64 // p by Holm's method over the datasets of the pair
}

// DefaultPairs holds each fusion against keyword search, and the other models
// against the first.
func DefaultPairs(results []Result) []Pair {
	var fused, models []Pair
	first := ""
	seen := map[string]bool{BM25: true}
	for _, result := range results {
		for _, s := range result.Systems {
			if seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			switch {
			case s.Fused:
				fused = append(fused, Pair{s.Name, BM25})
			case first == "":
				first = s.Name
			default:
				models = append(models, Pair{s.Name, first})
			}
		}
	}
	return append(fused, models...)
}

// ComparePairs tests every pair on every dataset. The datasets of one pair are
// one family of tests.
func ComparePairs(results []Result, pairs []Pair, seed uint64) ([]PairTest, error) {
	var tests []PairTest
	for _, pair := range pairs {
		start := len(tests)
		var ps []float64
		for _, result := range results {
			a, b := result.System(pair.A), result.System(pair.B)
			if a == nil || b == nil {
				return nil, fmt.Errorf("comparing %q and %q: %s does not have both: its systems are %q", pair.A, pair.B, result.Dataset, SystemNames([]Result{result}))
			}
			c, err := Compare(*a, *b, seed)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", result.Dataset, err)
			}
			tests = append(tests, PairTest{Dataset: result.Dataset, Comparison: c})
			ps = append(ps, c.P)
		}
		for i, p := range Holm(ps) {
			tests[start+i].Adjusted = p
		}
	}
	return tests, nil
}
