package main

import (
	"math"
	"testing"
)

// The expected numbers were computed by hand from the definitions.
func TestScore(t *testing.T) {
	grades := map[string]int{"a": 2, "b": 1, "c": 2}
	ideal := 3/math.Log2(2) + 3/math.Log2(3) + 1/math.Log2(4) // 5.392789
	for _, c := range []struct {
		name  string
		found []string
		want  scores
	}{
		{"ideal", []string{"c", "a", "b"}, scores{NDCG: 1, MRR: 1, Recall: 1}},
		{"nothing", nil, scores{}},
		{"wrong", []string{"x", "y"}, scores{}},
		{"second place", []string{"x", "b", "a"}, scores{NDCG: (1/math.Log2(3) + 3/math.Log2(4)) / ideal, MRR: 0.5, Recall: 2.0 / 3}},
		{"eleventh place", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "a"}, scores{}},
		{"folder", []string{"d/"}, scores{NDCG: 1, MRR: 1, Recall: 1}},
		{"counts once", []string{"a", "a", "a"}, scores{NDCG: 3 / ideal, MRR: 1, Recall: 1.0 / 3}},
	} {
		judged := grades
		if c.name == "folder" {
			judged = map[string]int{"d/index.html": 2}
		}
		got := score(c.found, judged)
		for what, x := range map[string][2]float64{
			"nDCG": {got.NDCG, c.want.NDCG}, "MRR": {got.MRR, c.want.MRR}, "recall": {got.Recall, c.want.Recall},
		} {
			if math.Abs(x[0]-x[1]) > 1e-12 {
				t.Errorf("%s: %s is %g, want %g", c.name, what, x[0], x[1])
			}
		}
	}
}

func TestAverage(t *testing.T) {
	got := average([]scores{{NDCG: 1, MRR: 1, Recall: 0.5, Count: 1}, {NDCG: 0, MRR: 0.5, Recall: 0, Count: 1}})
	if want := (scores{NDCG: 0.5, MRR: 0.75, Recall: 0.25, Count: 2}); got != want {
		t.Errorf("average %+v, want %+v", got, want)
	}
}
