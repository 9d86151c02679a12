package scan_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/index/scan"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
)

// clustered returns n vectors about a few centres that lie to one side of the
// origin, as embeddings do, and as many queries.
func clustered(t testing.TB, n, dims, queries int) (*index.Vectors, [][]float32) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 5))
	normal := func(scale float64) []float32 {
		x := make([]float32, dims)
		for i := range x {
			x[i] = float32(scale * random.NormFloat64())
		}
		return x
	}
	common := normal(1)
	var centres [][]float32
	for range 20 {
		centre := normal(1)
		for i := range centre {
			centre[i] += common[i]
		}
		centres = append(centres, centre)
	}
	next := func() []float32 {
		x := normal(0.6)
		for i, y := range centres[random.IntN(len(centres))] {
			x[i] += y
		}
		return x
	}
	v, err := index.NewVectors(dims)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := v.Append(next()); err != nil {
			t.Fatal(err)
		}
	}
	var list [][]float32
	for range queries {
		list = append(list, next())
	}
	return v, list
}

func kernels(t *testing.T) map[string]kernel.Kernels {
	fastest, err := native.Open()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]kernel.Kernels{"reference": kernel.NewReference(), fastest.Name(): fastest}
}

func open(t testing.TB, k kernel.Kernels, v *index.Vectors, capacity int) *scan.Scanner {
	t.Helper()
	s, err := scan.New(k, v.Dims(), capacity)
	if err == nil {
		err = s.Set(v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func search(t *testing.T, by func() ([]index.Match, error)) []index.Match {
	t.Helper()
	found, err := by()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The kernels find what the plain scanner finds, also in dimensions that they pad.
func TestScanner(t *testing.T) {
	for _, dims := range []int{1, 30, 384} {
		v, queries := clustered(t, 200, dims, 3)
		for name, k := range kernels(t) {
			s := open(t, k, v, 300)
			for _, q := range queries {
				got := search(t, func() ([]index.Match, error) { return v.Search(s, q, 20) })
				want := search(t, func() ([]index.Match, error) { return v.Search(index.NewScanner(v), q, 20) })
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d dimensions: found %v, want %v", name, dims, got, want)
				}
			}
		}
	}
}

// Whatever the number of rows, of hits and of ties, as blocks begin and end anywhere,
// the kernels give what sorting all scores gives, and the scores themselves.
func TestSearchEqualsSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, count := range []int{0, 1, 63, 64, 65, 191, 4095, 9000} {
		v, err := index.NewVectors(3)
		if err != nil {
			t.Fatal(err)
		}
		grades := 2 + random.IntN(40) // few make many ties
		for i := range count {
			row := []float32{1, float32(random.IntN(grades)), float32(random.IntN(grades) - grades/2)}
			if count == 4095 {
				row = []float32{1, 0, float32(i) / 100} // the best come last
			}
			if err := v.Append(row); err != nil {
				t.Fatal(err)
			}
		}
		query := []float32{float32(random.NormFloat64()), 0.5, 1}
		want, err := v.Scores(index.NewScanner(v), query)
		if err != nil {
			t.Fatal(err)
		}
		sorted := make([]index.Match, count)
		for i, score := range want {
			sorted[i] = index.Match{Doc: i, Score: score}
		}
		slices.SortFunc(sorted, index.CompareMatches)
		for name, k := range kernels(t) {
			searcher := index.NewSearcher(v, open(t, k, v, count))
			for _, limit := range []int{-1, 0, 1, 10, 100, 5000, count, count + 1} {
				best := sorted[:min(max(limit, 0), count)]
				found, err := searcher.Search(query, limit)
				if err != nil || !slices.Equal(found, best) {
					t.Errorf("%s, %d of %d rows: %v", name, limit, count, err)
				}
				scores, found, err := searcher.Scores(query, limit)
				if err != nil || !slices.Equal(found, best) || !slices.Equal(scores, want) {
					t.Errorf("%s, %d of %d rows and all scores: %v", name, limit, count, err)
				}
			}
		}
	}
}

func TestSearchDoesNotAllocate(t *testing.T) {
	v, queries := clustered(t, 500, 384, 1)
	for name, k := range kernels(t) {
		searcher := index.NewSearcher(v, open(t, k, v, 600))
		for what, search := range map[string]func() error{
			"Search": func() error { _, err := searcher.Search(queries[0], 20); return err },
			"Scores": func() error { _, _, err := searcher.Scores(queries[0], 20); return err },
		} {
			if n := testing.AllocsPerRun(20, func() {
				if err := search(); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: %s allocates %v times", name, what, n)
			}
		}
	}
}

// Where every row is a candidate, both stages find what an exhaustive search does.
func TestTwoStageOfAllRows(t *testing.T) {
	for _, dims := range []int{1, 30, 384} {
		v, queries := clustered(t, 200, dims, 3)
		for name, k := range kernels(t) {
			two, err := scan.NewTwoStage(open(t, k, v, 200), v, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range queries {
				got := search(t, func() ([]index.Match, error) { return two.Search(q, 20) })
				want := search(t, func() ([]index.Match, error) { return v.Search(index.NewScanner(v), q, 20) })
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d dimensions: found %v, want %v", name, dims, got, want)
				}
			}
		}
	}
}

// Few candidates suffice for most of what there is to find, and what is found
// stands as an exhaustive search would have it.
func TestTwoStageFindsMost(t *testing.T) {
	v, queries := clustered(t, 5000, 384, 20)
	for name, k := range kernels(t) {
		two, err := scan.NewTwoStage(open(t, k, v, 5000), v, 20)
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		for _, q := range queries {
			got := search(t, func() ([]index.Match, error) { return two.Search(q, 10) })
			want := search(t, func() ([]index.Match, error) { return v.Search(index.NewScanner(v), q, 10) })
			for _, m := range got {
				if slices.Contains(want, m) {
					hits++
				}
			}
			if len(got) != 10 || !slices.IsSortedFunc(got, index.CompareMatches) {
				t.Errorf("%s: found %v", name, got)
			}
		}
		if recall := float64(hits) / float64(10*len(queries)); recall < 0.95 {
			t.Errorf("%s: found %.3f of the best ten", name, recall)
		}
	}
}

func TestTwoStageRefuses(t *testing.T) {
	v, queries := clustered(t, 20, 32, 1)
	s := open(t, kernel.NewReference(), v, 30)
	other, _ := clustered(t, 21, 32, 0)
	if _, err := scan.NewTwoStage(s, other, 0); err == nil {
		t.Error("other vectors than the scanner's are accepted")
	}
	if _, err := scan.NewTwoStage(s, v, -1); err == nil {
		t.Error("a negative factor is accepted")
	}
	two, err := scan.NewTwoStage(s, v, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Search(queries[0][:31], 5); err == nil {
		t.Error("a query of other dimensions is accepted")
	}
	for _, limit := range []int{-1, 0} {
		if found, err := two.Search(queries[0], limit); err != nil || len(found) != 0 {
			t.Errorf("limit %d: %v, %v", limit, found, err)
		}
	}
	if err := s.Set(other); err != nil { // 21 of 30
		t.Error(err)
	}
	large, _ := clustered(t, 31, 32, 0)
	if err := s.Set(large); err == nil {
		t.Error("more rows than the capacity are accepted")
	}
	if _, err := scan.New(kernel.NewReference(), 0, 5); err == nil {
		t.Error("no dimensions are accepted")
	}
}
