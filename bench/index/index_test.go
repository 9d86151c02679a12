package main

import (
	"math"
	"strings"
	"testing"
)

func TestDataIsClusteredAndTheSameEachTime(t *testing.T) {
	d, err := newData(3000)
	if err != nil {
		t.Fatal(err)
	}
	again, err := newData(3000)
	if err != nil {
		t.Fatal(err)
	}
	var near, far float64
	for i, query := range d.queries {
		if d.truth[i][0] != again.truth[i][0] {
			t.Fatalf("query %d finds %v, then %v", i, d.truth[i][0], again.truth[i][0])
		}
		near += float64(d.truth[i][0].Score) / queries
		far += float64(d.scores(query, []int{i * 7 % 3000})[0]) / queries
	}
	if near < 0.7 || near > 0.95 || far < 0.4 || far > near-0.15 {
		t.Errorf("the nearest have a mean cosine of %.3f, others of %.3f", near, far)
	}
}

func TestRecall(t *testing.T) {
	d, err := newData(200)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, m := range d.truth[3] {
		all = append(all, m.Doc)
	}
	for _, c := range []struct {
		rows []int
		want float64
	}{
		{all, 1}, {all[:5], 0.5}, {append(append([]int{}, all[:5]...), all[:5]...), 0.5}, {nil, 0}, {[]int{-1, 200, all[0]}, 0.1},
	} {
		if got := d.recall(3, [][]int{c.rows}); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("recall of %v is %g, want %g", c.rows, got, c.want)
		}
	}
}

func TestErrorsNameTheFlag(t *testing.T) {
	var out strings.Builder
	for _, args := range [][]string{{"--rounds", "0"}, {"--count", "5"}} {
		if err := run(t.Context(), args, &out); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("error %v does not name the flag %s", err, args[0])
		}
	}
}
