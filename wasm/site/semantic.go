package site

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

const (
	// clusterBudget bounds the stored bytes of clusters that one query reads.
	clusterBudget = 400_000
	// fitReach is how much nearer a cluster counts whose best passage by keyword fits
	// a query fully. See RATIONALE for how it was chosen.
	fitReach = 0.2
)

// fused returns the candidates of a keyword ranking and of the depth passages most
// similar to vector, scored by both.
func (s *Site) fused(d *directory, vector []float32, keyword []retriever.Hit, allowed []bool, depth int) ([]retriever.Hit, error) {
	if s.manifest.Vectors == nil {
		return nil, retriever.ErrNoVectors
	}
	v, err := s.loadVectors()
	if err != nil {
		return nil, err
	}
	if len(vector) != v.dims {
		return nil, errors.New("query: the vector has " + strconv.Itoa(len(vector)) + " numbers, the bundle's " +
			strconv.Itoa(v.dims) + ": use the model that the bundle names")
	}
	query, err := quantise(vector)
	if err != nil {
		return nil, err
	}
	similar := similarities{vectors: v, query: query, budget: clusterBudget, known: make(map[int]float32)}
	if err := similar.read(s, d, allowed, keyword); err != nil {
		return nil, err
	}
	return similar.fuse(s.manifest.Fusion, keyword, similar.best(d, allowed, depth)), nil
}

// similarities are those of passages and clusters to one query.
type similarities struct {
	vectors *vectorFile
	query   quantised
	budget  int64           // stored bytes of clusters
	centres []float32       // per cluster: similarity of its centroid
	known   map[int]float32 // by passage: cosine, of the clusters read
}

// read reads the clusters most likely to have similar members, of those that hold
// an allowed passage, within the budget but at least one. A cluster is the likelier
// the better one of its passages fits by keyword; such a passage is a candidate
// anyway, and only if its cluster is read is its own cosine known.
func (m *similarities) read(s *Site, d *directory, allowed []bool, keyword []retriever.Hit) error {
	v := m.vectors
	useful := make([]bool, len(v.clusters))
	for passage, number := range v.cluster {
		useful[number] = useful[number] || allowed == nil || allowed[d.page(passage)]
	}
	fits := make([]float32, len(v.clusters))
	for _, hit := range keyword {
		fits[v.cluster[hit.Doc]] = max(fits[v.cluster[hit.Doc]], hit.KeywordFit)
	}
	m.centres = make([]float32, len(v.clusters))
	var order []index.Match
	for number := range v.clusters {
		m.centres[number] = v.centroids.similarity(m.query, number)
		if useful[number] {
			hope := m.centres[number] + v.reach[number] + float32(fitReach*fits[number])
			order = append(order, index.Match{Doc: number, Score: hope})
		}
	}
	slices.SortFunc(order, index.CompareMatches)
	var total int64
	for i, next := range order {
		total += v.clusters[next.Doc].file.Bytes
		if i > 0 && total > m.budget {
			break
		}
		c, err := s.loadCluster(next.Doc)
		if err != nil {
			return err
		}
		for row, passage := range c.passages {
			m.known[int(passage)] = m.centres[next.Doc] + c.differences.similarity(m.query, row)
		}
	}
	return nil
}

// best returns the depth allowed passages of the highest cosines.
func (m *similarities) best(d *directory, allowed []bool, depth int) []index.Match {
	var matches []index.Match
	for passage, cosine := range m.known {
		if allowed == nil || allowed[d.page(passage)] {
			matches = append(matches, index.Match{Doc: passage, Score: cosine})
		}
	}
	slices.SortFunc(matches, index.CompareMatches)
	return matches[:min(depth, len(matches))]
}

// fuse scores the passages of both rankings as retriever.Fuse does.
func (m *similarities) fuse(fusion index.Fusion, keyword []retriever.Hit, similar []index.Match) []retriever.Hit {
	var hits []retriever.Hit
	at := make(map[int]int)
	if fusion.Keyword > 0 {
		for i, hit := range keyword {
			hit.SemanticScore = m.cosine(hit.Doc)
			hits = append(hits, hit)
			at[hit.Doc] = i
		}
	}
	if fusion.Semantic > 0 {
		for rank, match := range similar {
			i, both := at[match.Doc]
			if !both {
				i = len(hits)
				hits = append(hits, retriever.Hit{Doc: match.Doc, SemanticScore: match.Score})
			}
			hits[i].SemanticRank = rank + 1
		}
	}
	distribution := m.distribution()
	for i := range hits {
		hit := &hits[i]
		hit.Score = retriever.FusedScore(fusion, hit.KeywordFit, distribution.Standing(hit.SemanticScore))
	}
	return hits
}

// cosine returns a passage's similarity, or that of its cluster's centroid if the
// cluster was not read.
func (m *similarities) cosine(passage int) float32 {
	if cosine, ok := m.known[passage]; ok {
		return cosine
	}
	return m.centres[m.vectors.cluster[passage]]
}

// distribution returns mean and deviation of the similarities of all passages:
// exactly if all are known, else from the centroids, whose mean it has, the spread
// of clusters around it and of passages around their centroids.
func (m *similarities) distribution() retriever.Distribution {
	n := len(m.vectors.cluster)
	if len(m.known) == n {
		cosines := make([]float32, n)
		for passage := range cosines {
			cosines[passage] = m.known[passage]
		}
		return retriever.DistributionOf(cosines)
	}
	var sum, squares float64
	for number, c := range m.vectors.clusters {
		sum += float64(float64(c.members) * float64(m.centres[number]))
	}
	mean := sum / float64(n)
	for number, c := range m.vectors.clusters {
		apart := float64(m.centres[number]) - mean
		squares += float64(float64(c.members) * float64(apart*apart))
	}
	return retriever.Distribution{Mean: mean, Deviation: math.Sqrt(squares/float64(n) + float64(m.vectors.within))}
}
