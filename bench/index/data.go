package main

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/effir/effir/wasm/index"
)

const (
	dims     = 384
	clusters = 1000
	factors  = 64 // directions in which the members of all clusters differ most
	queries  = 200
	nearest  = 10 // rows that a query asks for
)

// How much of a vector is common to all, its cluster's, along the factors, and its own. Nearest
// neighbours then are about as near (cosine 0.8), and the others about as far (0.5), as those of
// passages embedded by bge-small.
const (
	commonShare  = 0.70
	clusterShare = 0.46
	factorShare  = 0.46
	ownShare     = 0.28
)

// data is what all systems search.
type data struct {
	vectors *index.Vectors
	queries [][]float32
	truth   [][]index.Match // of each query, the nearest rows
}

// newData makes clustered vectors of length one, rounded as an index rounds them, and queries like them.
// The rounded numbers are what every system gets: EffiR's search of all rows is exact on them.
func newData(count int) (*data, error) {
	g := newGenerator()
	v, err := index.NewVectors(dims)
	if err != nil {
		return nil, err
	}
	for range count {
		if err := v.Append(g.next()); err != nil {
			return nil, err
		}
	}
	d := &data{vectors: v}
	for range queries {
		levels, scale, err := index.Quantise(g.next())
		if err != nil {
			return nil, err
		}
		query := make([]float32, dims)
		for i, level := range levels {
			query[i] = float32(level) * scale
		}
		d.queries = append(d.queries, query)
		found, err := v.Search(index.NewScanner(v), query, nearest)
		if err != nil {
			return nil, err
		}
		d.truth = append(d.truth, found)
	}
	return d, nil
}

// recall is the share of what should be found that was: rows at least as similar as the least of the
// nearest.
func (d *data) recall(first int, found [][]int) float64 {
	hits := 0
	for i, rows := range found {
		truth := d.truth[first+i]
		scores := d.scores(d.queries[first+i], rows)
		seen := map[int]bool{}
		for j, row := range rows {
			if !seen[row] && scores[j] >= truth[len(truth)-1].Score {
				hits++
			}
			seen[row] = true
		}
	}
	return float64(hits) / float64(len(found)*nearest)
}

// scores computes what an index computes of some rows.
func (d *data) scores(query []float32, rows []int) []float32 {
	levels, scale, err := index.Quantise(query)
	if err != nil {
		return make([]float32, len(rows))
	}
	scores := make([]float32, len(rows))
	for j, row := range rows {
		if row < 0 || row >= d.vectors.Len() {
			scores[j] = float32(math.Inf(-1))
			continue
		}
		var dot int32
		for i, x := range d.vectors.Rows()[row*dims:][:dims] {
			dot += int32(x) * int32(levels[i])
		}
		scores[j] = float32(float32(float32(dot)*scale) * d.vectors.Scale(row))
	}
	return scores
}

// queryBytes are the queries as the peers read them.
func (d *data) queryBytes() []byte {
	var raw []byte
	for _, q := range d.queries {
		for _, x := range q {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
	}
	return raw
}

// generator draws vectors.
type generator struct {
	random  *rand.Rand
	common  []float32
	centres [][]float32
	factors [][]float32 // of decreasing length
}

func newGenerator() *generator {
	g := &generator{random: rand.New(rand.NewPCG(1, 2))}
	g.common = g.direction(commonShare)
	for range clusters {
		g.centres = append(g.centres, g.direction(clusterShare))
	}
	total := 0.0
	for i := range factors {
		total += 1 / float64(i+1)
	}
	for i := range factors {
		g.factors = append(g.factors, g.direction(factorShare*math.Sqrt(1/float64(i+1)/total)))
	}
	return g
}

// direction returns a vector of a length in a random direction.
func (g *generator) direction(length float64) []float32 {
	x := make([]float32, dims)
	for i := range x {
		x[i] = float32(g.random.NormFloat64())
	}
	return scaled(x, length)
}

func (g *generator) next() []float32 {
	x := g.direction(ownShare)
	centre := g.centres[g.random.IntN(clusters)]
	for i := range x {
		x[i] += g.common[i] + centre[i]
	}
	for _, factor := range g.factors {
		weight := float32(g.random.NormFloat64())
		for i, y := range factor {
			x[i] += float32(weight * y)
		}
	}
	return scaled(x, 1)
}

func scaled(x []float32, length float64) []float32 {
	sum := 0.0
	for _, y := range x {
		sum += float64(y) * float64(y)
	}
	factor := float32(length / math.Sqrt(sum))
	for i := range x {
		x[i] *= factor
	}
	return x
}
