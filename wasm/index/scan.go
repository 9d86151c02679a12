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

// Search returns the limit rows most similar to vec, which must have Dims()
// numbers. vec is quantised as the rows are, and
//
//	score = (float32(dot) * scale of vec) * scale of row,
//
// the cosine if both vectors have length 1, up to quantising. scanner must
// hold the same rows as v.
func (v *Vectors) Search(scanner Scanner, vec []float32, limit int) ([]Match, error) {
	if err := v.checkDims(len(vec)); err != nil {
		return nil, err
	}
	query, scale, err := Quantise(vec)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || v.Len() == 0 {
		return nil, nil
	}
	dots := make([]int32, v.Len())
	if err := scanner.Scan(query, dots); err != nil {
		return nil, err
	}
	found := newBest(limit, v.Len())
	worst := float32(math.Inf(-1))
	for doc, dot := range dots {
		score := float32(float32(float32(dot)*scale) * v.scales[doc])
		if score <= worst {
			continue // rows come in ascending order: an equal score loses
		}
		found.push(Match{Doc: doc, Score: score})
		if len(found.heap) == limit {
			worst = found.heap[0].Score
		}
	}
	return found.sorted(), nil
}
