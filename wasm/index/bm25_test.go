package index

import (
	"encoding/json"
	"math"
	"os"
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
		}
		for doc, want := range c.Scores {
			if math.Abs(got[doc]-want) > 2e-6*(1+want) {
				t.Errorf("k1 %g, b %g, query %q, document %d: %.7f, want %.7f", c.K1, c.B, c.Query, doc, got[doc], want)
			}
		}
	}
}

func TestLn(t *testing.T) {
	for x := 1.0; x < 1e9; x *= 1.0007 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 4e-16*math.Max(1, want) {
			t.Fatalf("ln(%g) = %.17g, want %.17g", x, got, want)
		}
	}
}
