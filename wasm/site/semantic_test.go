package site

import (
	"math"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// exhaustive returns the fused ranking of all passages of c for the same keyword
// ranking.
func exhaustive(t testing.TB, c Content, keyword []retriever.Hit, vector []float32, k int) []retriever.Hit {
	t.Helper()
	cosines, err := c.Vectors.Scores(index.NewScanner(c.Vectors), vector)
	if err != nil {
		t.Fatal(err)
	}
	return retriever.Fuse(c.Fusion, keyword, cosines, k)
}

func TestFusedEqualsExhaustiveWithOneCluster(t *testing.T) {
	c := testContent(t, 320, 96)
	s := opened(t, written(t, c))
	if s.manifest.Vectors.Clusters != 1 {
		t.Fatalf("%d clusters", s.manifest.Vectors.Clusters)
	}
	same, total := 0, 0
	for i, query := range testQueries(c, 60) {
		vector := row(c.Vectors, i*13%c.Vectors.Len())
		want := exhaustive(t, c, candidatesOf(t, s, Query{Text: query}), vector, 1000)
		scores := make(map[int]retriever.Hit)
		for _, hit := range want {
			scores[hit.Doc] = hit
		}
		got := candidatesOf(t, s, Query{Text: query, Vector: vector})
		for rank, hit := range got {
			w, ok := scores[hit.Doc]
			if !ok { // the last of the ranking by meaning may change places
				continue
			}
			if math.Abs(float64(hit.SemanticScore-w.SemanticScore)) > 0.003 || math.Abs(float64(hit.Score-w.Score)) > 0.01 ||
				hit.KeywordRank != w.KeywordRank || hit.KeywordScore != w.KeywordScore {
				t.Fatalf("%q: passage %+v, want %+v", query, hit, w)
			}
			if rank < 10 {
				total++
				if slices.ContainsFunc(want[:10], func(h retriever.Hit) bool { return h.Doc == hit.Doc }) {
					same++
				}
			}
		}
		if got[0].Doc != want[0].Doc && got[0].Score-want[0].Score > 0.01 {
			t.Errorf("%q: the best is %d, want %d", query, got[0].Doc, want[0].Doc)
		}
	}
	if share := float64(same) / float64(total); share < 0.97 {
		t.Errorf("%.3f of the first ten agree, want 0.97", share)
	}
}

// The clusters read must hold nearly all of the ten most similar passages, and mean
// and deviation of all similarities be estimated well from the centroids.
func TestClusteredSearchFindsTheNearest(t *testing.T) {
	const passages, dims = 6000, 128
	vectors := testVectors(t, passages, dims)
	page := Page{URL: "/"}
	for range passages {
		page.Passages = append(page.Passages, Passage{})
	}
	c := Content{Pages: []Page{page}, Vectors: vectors, Model: testModel, Fusion: index.DefaultFusion()}
	s := opened(t, written(t, c))
	d, err := s.loadDirectory()
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.loadVectors()
	if err != nil {
		t.Fatal(err)
	}
	if len(v.clusters) < 30 || v.bits != 4 {
		t.Fatalf("%d clusters of %d bits", len(v.clusters), v.bits)
	}
	found, total := 0, 0
	for i := range 60 {
		query := row(vectors, i*97)
		cosines, err := vectors.Scores(index.NewScanner(vectors), query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := quantise(query)
		if err != nil {
			t.Fatal(err)
		}
		similar := similarities{vectors: v, query: q, known: make(map[int]float32), budget: 60_000}
		if err := similar.read(s, d, nil, nil); err != nil {
			t.Fatal(err)
		}
		if len(similar.known) > passages/3 {
			t.Fatalf("%d of %d passages were read", len(similar.known), passages)
		}
		got := similar.best(d, nil, 10)
		for _, want := range index.Top(cosines, 10) {
			total++
			if slices.ContainsFunc(got, func(m index.Match) bool { return m.Doc == want.Doc }) {
				found++
			}
		}
		for passage, cosine := range similar.known {
			if math.Abs(float64(cosine-cosines[passage])) > 0.04 {
				t.Fatalf("passage %d: cosine %g, want %g", passage, cosine, cosines[passage])
			}
		}
		all, estimated := retriever.DistributionOf(cosines), similar.distribution()
		if math.Abs(all.Mean-estimated.Mean) > 0.003 || math.Abs(estimated.Deviation/all.Deviation-1) > 0.1 {
			t.Errorf("query %d: distribution %+v, want %+v", i, estimated, all)
		}
	}
	if recall := float64(found) / float64(total); recall < 0.85 {
		t.Errorf("recall of the first ten %.3f, want 0.85", recall)
	} else {
		t.Logf("recall of the first ten %.3f", recall)
	}
}

// A passage that fits by keyword is read though its cluster is not the nearest.
func TestClustersOfKeywordHitsAreRead(t *testing.T) {
	const passages, dims = 3000, 64
	vectors := testVectors(t, passages, dims)
	page := Page{URL: "/"}
	for range passages {
		page.Passages = append(page.Passages, Passage{})
	}
	s := opened(t, written(t, Content{Pages: []Page{page}, Vectors: vectors, Model: testModel, Fusion: index.DefaultFusion()}))
	d, err := s.loadDirectory()
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.loadVectors()
	if err != nil {
		t.Fatal(err)
	}
	read := func(query int, keyword []retriever.Hit) map[int]float32 {
		q, err := quantise(row(vectors, query))
		if err != nil {
			t.Fatal(err)
		}
		similar := similarities{vectors: v, query: q, known: make(map[int]float32), budget: 20_000}
		if err := similar.read(s, d, nil, keyword); err != nil {
			t.Fatal(err)
		}
		return similar.known
	}
	gained, missing := 0, 0
	for query := range 40 {
		other := (query*71 + 1500) % passages
		if _, ok := read(query, nil)[other]; ok {
			continue
		}
		missing++
		known := read(query, []retriever.Hit{{Doc: other, KeywordFit: 0.9}})
		if _, ok := known[other]; ok {
			gained++
		}
		if _, ok := known[query]; !ok {
			t.Errorf("query %d: the nearest passage is not read any more", query)
		}
	}
	if missing < 10 || gained < missing/2 {
		t.Errorf("of %d passages that were not read, %d are read for their keywords", missing, gained)
	}
}

func TestSearchByMeaningOnly(t *testing.T) {
	c := testContent(t, 200, 64)
	s := opened(t, written(t, c))
	for _, passage := range []int{0, 100, 555} {
		hits := search(t, s, Query{Vector: row(c.Vectors, passage)})
		if len(hits) != 10 || hits[0].Passages[0].Number != passage || hits[0].SemanticRank != 1 || hits[0].KeywordRank != 0 {
			t.Errorf("passage %d is not the nearest to itself: %+v", passage, hits[0])
		}
	}
}

func TestVectorsThatDoNotFit(t *testing.T) {
	c := testContent(t, 20, 16)
	s := opened(t, written(t, c))
	for _, vector := range [][]float32{make([]float32, 15), {}, slices.Repeat([]float32{float32(math.NaN())}, 16)} {
		if _, err := s.Search(Query{Vector: vector}); err == nil {
			t.Errorf("a query of %d numbers was accepted", len(vector))
		}
	}
	c.Vectors = nil
	s = opened(t, written(t, c))
	if _, err := s.Search(Query{Vector: make([]float32, 16)}); err != retriever.ErrNoVectors {
		t.Errorf("error %v", err)
	}
	if related, err := s.Related(0, 6); err != nil || len(related) != 0 {
		t.Errorf("related pages %v without vectors, error %v", related, err)
	}
}

func TestRelatedPagesAreTheNearest(t *testing.T) {
	c := testContent(t, 250, 64)
	s := opened(t, written(t, c))
	means := make([][]float32, len(c.Pages))
	passage := 0
	for i := range c.Pages {
		means[i] = make([]float32, 64)
		for range c.Pages[i].Passages {
			for j, x := range row(c.Vectors, passage) {
				means[i][j] += x
			}
			passage++
		}
		normalise(means[i])
	}
	agree := 0
	for number := range c.Pages {
		related, err := s.Related(number, 4)
		if err != nil || len(related) != 4 {
			t.Fatalf("%d related pages, error %v", len(related), err)
		}
		var all []index.Match
		for other := range means {
			if other != number {
				all = append(all, index.Match{Doc: other, Score: product(means[number], means[other])})
			}
		}
		slices.SortFunc(all, index.CompareMatches)
		for i, hit := range related {
			if hit.Page.URL != c.Pages[hit.Number].URL {
				t.Fatalf("page %d reads %s", hit.Number, hit.Page.URL)
			}
			if similarity := product(means[number], means[hit.Number]); all[i].Score-similarity > 0.01 {
				t.Errorf("page %d: related %d has similarity %g, the best %g", number, hit.Number, similarity, all[i].Score)
			} else {
				agree++
			}
		}
	}
	if agree == 0 {
		t.Error("nothing was compared")
	}
}
