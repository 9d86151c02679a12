package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// system has one query per number.
func system(name string, ndcg []float64) System {
	report := &Report{Queries: make(map[string]Figures)}
	for i, x := range ndcg {
		report.Queries[fmt.Sprint("q", i)] = Figures{NDCG10: x}
	}
	return System{Name: name, Report: report}
}

// p-values are SciPy's: exact ones where all patterns can be counted, else
// within four standard errors of the two samples.
func TestCompareEqualsSciPy(t *testing.T) {
	var golden struct {
		Tests []struct {
			A, B          []float64
			Difference, P float64
		}
		Holm []struct{ P, Adjusted []float64 }
	}
	text, err := os.ReadFile("testdata/significance.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Tests) < 20 || len(golden.Holm) < 4 {
		t.Fatalf("%d tests and %d families", len(golden.Tests), len(golden.Holm))
	}
	for i, c := range golden.Tests {
		got, err := Compare(system("a", c.A), system("b", c.B), 1)
		if err != nil {
			t.Fatal(err)
		}
		tolerance := 1e-9
		if got.Wins+got.Losses > maxExact {
			tolerance = 4*math.Sqrt(c.P*(1-c.P)/Permutations) + 2e-4
		}
		if math.Abs(got.P-c.P) > tolerance {
			t.Errorf("test %d: p %.6f, want %.6f within %.1e", i, got.P, c.P, tolerance)
		}
		if math.Abs(got.Difference-c.Difference) > 1e-9 || got.Wins+got.Ties+got.Losses != len(c.A) {
			t.Errorf("test %d: %+v, want difference %g", i, got, c.Difference)
		}
	}
	for _, c := range golden.Holm {
		for i, got := range Holm(c.P) {
			if math.Abs(got-c.Adjusted[i]) > 1e-12 {
				t.Errorf("Holm of %v: %g at %d, want %g", c.P, got, i, c.Adjusted[i])
			}
		}
	}
}

func TestCompareIsRepeatable(t *testing.T) {
	var a, b []float64
	for i := range 100 {
		a, b = append(a, float64(i%7)/7), append(b, float64(i%5)/5)
	}
	first, err := Compare(system("a", a), system("b", b), 7)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Compare(system("a", a), system("b", b), 7); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	mirrored, err := Compare(system("b", b), system("a", a), 7)
	if err != nil || mirrored.Difference != -first.Difference || mirrored.Wins != first.Losses || mirrored.P != first.P {
		t.Errorf("the other way round %+v, want the mirror of %+v (%v)", mirrored, first, err)
	}
}

func TestCompareRefusesOtherQueries(t *testing.T) {
	a := system("a", []float64{1, 2})
	other := system("b", []float64{1, 2})
	other.Queries["x"] = other.Queries["q1"]
	delete(other.Queries, "q1")
	for _, b := range []System{system("b", []float64{1}), other, {Name: "b"}} {
		if _, err := Compare(a, b, 1); err == nil || !strings.Contains(err.Error(), "compar") {
			t.Errorf("error %v", err)
		}
	}
}

func TestHolmKeepsInput(t *testing.T) {
	ps := []float64{0.04, 0.01}
	if got := Holm(ps); !slices.Equal(got, []float64{0.04, 0.02}) || ps[0] != 0.04 {
		t.Errorf("%v from %v", got, ps)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
