package index

import "errors"

// Scanner compares queries with every row of one matrix. It may keep memory between
// queries, and need not be safe for concurrent use.
type Scanner interface {
	// Scan computes the score of every row i,
	//
	//	score = float32(float32(dot)*scale) * scale of row i,
	//
	// dot being the exact sum over j of query[j] rows[i][j]. query has the matrix's
	// dimensions and holds no -128. If scores is not nil, it has as many numbers as
	// the matrix has rows and gets all of them. If best is not nil, rows are pushed
	// to it with their scores, in ascending order: all that it keeps of them, perhaps
	// others.
	Scan(query []int8, scale float32, scores []float32, best *Best) error
}

// NewScanner returns the plain Go Scanner of v: the specification that faster
// ones are held to, and the fallback where there is none.
func NewScanner(v *Vectors) Scanner { return plainScanner{v} }

type plainScanner struct{ vectors *Vectors }

func (s plainScanner) Scan(query []int8, scale float32, scores []float32, best *Best) error {
	v := s.vectors
	if err := v.checkDims(len(query)); err != nil {
		return err
	}
	if scores != nil && len(scores) != v.Len() {
		return errors.New("scan: output length differs from the number of rows")
	}
	for i := range v.Len() {
		row := v.rows[i*v.dims:][:len(query)]
		var dot int32
		for j, x := range query {
			dot += int32(x) * int32(row[j])
		}
		score := float32(float32(float32(dot)*scale) * v.scales[i])
		if scores != nil {
			scores[i] = score
		}
		if best != nil && score > best.Bound() {
			best.Push(Match{Doc: i, Score: score})
		}
	}
	return nil
}

// Searcher searches one matrix for one query after the other, in memory that it
// keeps. It is not safe for concurrent use.
type Searcher struct {
	vectors *Vectors
	scanner Scanner
	query   []int8
	scores  []float32
	best    Best
}

// NewSearcher returns a Searcher of v, whose rows scanner holds.
func NewSearcher(v *Vectors, scanner Scanner) *Searcher {
	return &Searcher{vectors: v, scanner: scanner, query: make([]int8, v.dims)}
}

// Search returns the limit rows most similar to vec, which must have Dims()
// numbers; ties go to the lower row. vec is quantised as the rows are, and a
// score is the cosine if both vectors have length 1, up to quantising. The
// matches are valid until the next call.
func (s *Searcher) Search(vec []float32, limit int) ([]Match, error) {
	s.best.Reset(limit, s.vectors.Len())
	if err := s.scan(vec, nil); err != nil || limit <= 0 {
		return nil, err
	}
	return s.best.Sorted(), nil
}

// Scores is Search that also returns the scores of all rows, valid as long.
func (s *Searcher) Scores(vec []float32, limit int) ([]float32, []Match, error) {
	if len(s.scores) != s.vectors.Len() {
		s.scores = make([]float32, s.vectors.Len())
	}
	s.best.Reset(limit, s.vectors.Len())
	if err := s.scan(vec, s.scores); err != nil {
		return nil, nil, err
	}
	return s.scores, s.best.Sorted(), nil
}

func (s *Searcher) scan(vec, scores []float32) error {
	if err := s.vectors.checkDims(len(vec)); err != nil {
		return err
	}
	scale, err := quantiseInto(s.query, vec)
	if err != nil {
		return err
	}
	return s.scanner.Scan(s.query, scale, scores, &s.best)
}

// Search is Search of a new Searcher.
func (v *Vectors) Search(scanner Scanner, vec []float32, limit int) ([]Match, error) {
	return NewSearcher(v, scanner).Search(vec, limit)
}

// Scores returns the score of every row.
func (v *Vectors) Scores(scanner Scanner, vec []float32) ([]float32, error) {
	scores, _, err := NewSearcher(v, scanner).Scores(vec, 0)
	return scores, err
}
