package evaluate

import (
	"errors"
	"fmt"
	"math"

	"github.com/effir/effir/wasm/index"
)

// scorer computes the similarity of every passage to a query.
type scorer interface {
	scores(query []float32) ([]float32, error)
}

// newScorer holds passages as they come, or as int8 as search bundles do.
func newScorer(passages [][]float32, float bool) (scorer, error) {
	if float {
		return newFloatScorer(passages)
	}
	vectors, err := index.NewVectors(len(passages[0]))
	if err != nil {
		return nil, err
	}
	for _, passage := range passages {
		if err := vectors.Append(passage); err != nil {
			return nil, err
		}
	}
	return bundleScorer{vectors, index.NewScanner(vectors)}, nil
}

// bundleScorer is what a search bundle does.
type bundleScorer struct {
	vectors *index.Vectors
	scanner index.Scanner
}

func (s bundleScorer) scores(query []float32) ([]float32, error) {
	return s.vectors.Scores(s.scanner, query)
}

// floatScorer computes cosines of float32 vectors with sums in float64: the
// reference against which int8 vectors lose whatever they lose.
type floatScorer struct {
	rows [][]float32
	unit []float64 // 1 over the length of each row, 0 for an all-zero one
}

func newFloatScorer(rows [][]float32) (*floatScorer, error) {
	s := &floatScorer{rows: rows, unit: make([]float64, len(rows))}
	for i, row := range rows {
		var err error
		if s.unit[i], err = reciprocalLength(row); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *floatScorer) scores(query []float32) ([]float32, error) {
	unit, err := reciprocalLength(query)
	if err != nil {
		return nil, err
	}
	if len(query) != len(s.rows[0]) {
		return nil, fmt.Errorf("a query's vector has %d numbers, the passages' have %d: both models must give the same", len(query), len(s.rows[0]))
	}
	out := make([]float32, len(s.rows))
	for i, row := range s.rows {
		// Four sums, so that one addition need not wait for the last.
		var sums [4]float64
		j := 0
		for ; j+4 <= len(row); j += 4 {
			for k := range sums {
				sums[k] += float64(query[j+k]) * float64(row[j+k])
			}
		}
		for ; j < len(row); j++ {
			sums[0] += float64(query[j]) * float64(row[j])
		}
		out[i] = float32((sums[0] + sums[1] + sums[2] + sums[3]) * unit * s.unit[i])
	}
	return out, nil
}

func reciprocalLength(vector []float32) (float64, error) {
	var square float64
	for _, x := range vector {
		square += float64(x) * float64(x)
	}
	switch {
	case math.IsNaN(square) || math.IsInf(square, 0):
		return 0, errors.New("a vector holds a number that is not finite: the encoder's output is unusable")
	case square == 0:
		return 0, nil
	}
	return 1 / math.Sqrt(square), nil
}
