package measure

import (
	"math"
	"slices"
)

// Series are the values of one case, in the order of the rounds.
type Series struct {
	Name   string
	Unit   string
	Values []float64
}

// Median returns the middle value, the mean of the two middle ones of an even number, NaN of none.
func (s Series) Median() float64 { return median(s.Values) }

// Spread returns the median absolute deviation from the median: half of the values lie within it. It
// is 0 for one value, NaN for none.
func (s Series) Spread() float64 {
	middle := s.Median()
	deviations := make([]float64, len(s.Values))
	for i, x := range s.Values {
		deviations[i] = math.Abs(x - middle)
	}
	return median(deviations)
}

// Least returns the smallest value, NaN of none: for times the one that nothing disturbed.
func (s Series) Least() float64 {
	if len(s.Values) == 0 {
		return math.NaN()
	}
	return slices.Min(s.Values)
}

// Ratio returns a's median over b's, and its spread by propagation of the two spreads, taken as
// independent: ratio * sqrt((Sa/a)² + (Sb/b)²). With times, a the peer's and b ours, above 1 is ours
// ahead.
func Ratio(a, b Series) (ratio, spread float64) {
	ratio = a.Median() / b.Median()
	return ratio, ratio * math.Hypot(a.Spread()/a.Median(), b.Spread()/b.Median())
}

// Find returns the series of that name; one without values if there is none.
func Find(series []Series, name string) Series {
	for _, s := range series {
		if s.Name == name {
			return s
		}
	}
	return Series{Name: name}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
