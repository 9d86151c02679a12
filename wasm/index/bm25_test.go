package index

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestScoresEqualIndependentImplementation(t *testing.T) {
	var golden struct {
		Documents []string
		Cases     []struct {
			K1, B  float32
			Query  string
			Scores []float64
		}
	}
	readJSON(t, "testdata/bm25.json", &golden)
	if len(golden.Cases) < 50 {
		t.Fatalf("only %d cases", len(golden.Cases))
	}
	for _, c := range golden.Cases {
		builder := NewBuilder(Parameters{K1: c.K1, B: c.B, TitleWeight: 1})
		for _, text := range golden.Documents {
			builder.Add(Document{Text: text})
		}
		got := make([]float64, len(golden.Documents))
		for _, m := range parsed(t, builder).Search(c.Query, len(got)) {
			got[m.Doc] = float64(m.Score)
			covered, total := coverage(golden.Documents, strings.Fields(c.Query), m.Doc)
			if want := math.Sqrt(c.Scores[m.Doc]*covered) / total; math.Abs(float64(m.Fit)-want) > 2e-6 || m.Fit > 1 {
				t.Errorf("query %q, document %d: fit %.7f, want %.7f", c.Query, m.Doc, m.Fit, want)
			}
		}
		for doc, want := range c.Scores {
			if math.Abs(got[doc]-want) > 2e-6*(1+want) {
				t.Errorf("k1 %g, b %g, query %q, document %d: %.7f, want %.7f", c.K1, c.B, c.Query, doc, got[doc], want)
			}
		}
	}
}

// coverage returns the weights of the distinct words of query that document doc holds
// and of those that any document holds.
func coverage(documents, query []string, doc int) (covered, total float64) {
	for _, word := range query {
		df, here := 0.0, false
		for i, text := range documents {
			if slices.Contains(strings.Fields(text), word) {
				df++
				here = here || i == doc
			}
		}
		if df == 0 {
			continue
		}
		weight := math.Log(1 + (float64(len(documents))-df+0.5)/(df+0.5))
		total += weight
		if here {
			covered += weight
		}
	}
	return covered, total
}

func TestLn(t *testing.T) {
	for x := 1.0; x < 1e9; x *= 1.0007 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 4e-16*math.Max(1, want) {
			t.Fatalf("ln(%g) = %.17g, want %.17g", x, got, want)
		}
	}
}
