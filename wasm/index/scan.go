package index

import (
	"errors"
	"math"
)

// Scanner computes the dot product of a query with every row of one matrix.
type Scanner interface {
	// Scan sets out[i] to the sum over j of query[j] rows[i][j], exactly, for
	// every row i. query has the matrix's dimensions, out its number of rows.
	Scan(query []int8, out []int32) error
}

// NewScanner returns the plain Go Scanner of v: the specification that faster
// ones are held to, and the fallback where there is none.
func NewScanner(v *Vectors) Scanner { return plainScanner{v} }

type plainScanner struct{ vectors *Vectors }

func (s plainScanner) Scan(query []int8, out []int32) error {
	v := s.vectors
	if err := v.checkDims(len(query)); err != nil {
		return err
	}
	if len(out) != v.Len() {
		return errors.New("scan: output length differs from the number of rows")
	}
	for i := range out {
		row := v.rows[i*v.dims:][:len(query)]
		var sum int32
		for j, x := range query {
			sum += int32(x) * int32(row[j])
		}
		out[i] = sum
	}
	return nil
}

// Search returns the limit rows most similar to vec: the Top of Scores.
func (v *Vectors) Search(scanner Scanner, vec []float32, limit int) ([]Match, error) {
	scores, err := v.Scores(scanner, vec)
	if err != nil {
		return nil, err
	}
	return Top(scores, limit), nil
}

// Scores returns the similarity of every row to vec, which must have Dims()
// numbers. vec is quantised as the rows are, and
//
//	score = (float32(dot) * scale of vec) * scale of row,
//
// the cosine if both vectors have length 1, up to quantising. scanner must
// hold the same rows as v.
func (v *Vectors) Scores(scanner Scanner, vec []float32) ([]float32, error) {
	if err := v.checkDims(len(vec)); err != nil {
		return nil, err
	}
	query, scale, err := Quantise(vec)
	if err != nil {
		return nil, err
	}
	dots := make([]int32, v.Len())
	if err := scanner.Scan(query, dots); err != nil {
		return nil, err
	}
	scores := make([]float32, len(dots))
	for row, dot := range dots {
		scores[row] = float32(float32(float32(dot)*scale) * v.scales[row])
	}
	return scores, nil
}

// Top returns the limit highest scores as matches, Doc being the position; ties
// go to the lower one.
func Top(scores []float32, limit int) []Match {
	if limit <= 0 || len(scores) == 0 {
		return nil
	}
	found := newBest(limit, len(scores))
	worst := float32(math.Inf(-1))
	for doc, score := range scores {
		if score <= worst {
			continue // they come in ascending order: an equal score loses
		}
		found.push(Match{Doc: doc, Score: score})
		if len(found.heap) == limit {
			worst = found.heap[0].Score
		}
	}
	return found.sorted()
}
