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
func clustered(t *testing.T, n, dims, queries int) (*index.Vectors, [][]float32) {
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

func open(t *testing.T, k kernel.Kernels, v *index.Vectors, capacity int) *scan.Scanner {
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
