package mine

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/wasm/encoder"
)

// topics embeds a text by the topics that its words belong to, so that the tests
// know what is similar.
type topics struct{ calls int }

var topicOf = map[string]int{"cat": 0, "feline": 0, "kitten": 0, "dog": 1, "hound": 1, "ship": 2, "boat": 2}

func (e *topics) Embed(_ context.Context, texts []string, _ encoder.Kind) ([][]float32, error) {
	e.calls++
	var out [][]float32
	for _, text := range texts {
		v := []float64{0.01, 0.01, 0.01, 0.05}
		for _, w := range strings.Fields(text) {
			if topic, ok := topicOf[w]; ok {
				v[topic]++
			}
		}
		norm := 0.0
		for _, x := range v {
			norm += x * x
		}
		row := make([]float32, len(v))
		for i, x := range v {
			row[i] = float32(x / math.Sqrt(norm))
		}
		out = append(out, row)
	}
	return out, nil
}

var list = []pairs.Pair{
	{Query: "cat food", Positive: "what a cat and a dog eat"},
	{Query: "feline sleep", Positive: "a kitten sleeps all day"},
	{Query: "cat food", Positive: "milk for a cat"},
	{Query: "big ship", Positive: "the ship is a boat that is big"},
	{Query: "dog food", Positive: "bones for a hound", Negatives: []string{"big bones of a cat"}},
}

func mined(t *testing.T, o Options) ([]pairs.Pair, Stats) {
	t.Helper()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	before := slices.Clone(list)
	out, stats, err := Negatives(context.Background(), b, new(topics), list, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(before, list, func(a, b pairs.Pair) bool { return slices.Equal(a.Negatives, b.Negatives) }) {
		t.Error("the given pairs were changed")
	}
	return out, stats
}

func TestNegatives(t *testing.T) {
	out, stats := mined(t, Options{Negatives: 2, Depth: 6, Margin: 0.95})
	if len(out) != len(list) || stats.Passages != 6 {
		t.Fatalf("%d pairs, %+v", len(out), stats)
	}
	added := 0
	for i, p := range out {
		if p.Query != list[i].Query || p.Positive != list[i].Positive || len(p.Negatives) > 2 {
			t.Errorf("pair %d became %+v", i, p)
		}
		if slices.Contains(p.Negatives, p.Positive) || len(slices.Compact(slices.Sorted(slices.Values(p.Negatives)))) != len(p.Negatives) {
			t.Errorf("pair %d has negatives %q", i, p.Negatives)
		}
		added += len(p.Negatives) - len(list[i].Negatives)
	}
	if added != stats.Added || stats.False == 0 || stats.Candidates < stats.Added+stats.False {
		t.Errorf("%d negatives were added: %+v", added, stats)
	}
	// The other passage of the same query, and one as near as the own one, answer it.
	for _, i := range []int{0, 2} {
		for _, wrong := range []string{"what a cat and a dog eat", "milk for a cat", "a kitten sleeps all day"} {
			if slices.Contains(out[i].Negatives, wrong) && (i == 2 || wrong != "a kitten sleeps all day") {
				t.Errorf("%q is a negative of pair %d", wrong, i)
			}
		}
	}
	if out[4].Negatives[0] != "big bones of a cat" || len(out[4].Negatives) != 2 {
		t.Errorf("given negatives became %q", out[4].Negatives)
	}
}

// TestMargin checks that a stricter margin leaves out more.
func TestMargin(t *testing.T) {
	_, strict := mined(t, Options{Margin: 0.1})
	_, usual := mined(t, Options{})
	_, none := mined(t, Options{Margin: 1e9})
	if !(strict.False > usual.False) || none.False != 0 || !(none.Added > usual.Added) {
		t.Errorf("strict %+v, usual %+v, none %+v", strict, usual, none)
	}
}

func TestAlternate(t *testing.T) {
	if got := alternate([]int{1, 2, 3}, []int{2, 4}, nil); !slices.Equal(got, []int{1, 2, 4, 3}) {
		t.Errorf("%v", got)
	}
}

func TestErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if _, _, err := Negatives(ctx, b, new(topics), list, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for want, o := range map[string]Options{"negatives": {Negatives: -1}, "depth": {Depth: -1}, "margin": {Margin: math.NaN()}} {
		if _, _, err := Negatives(context.Background(), b, new(topics), list, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, _, err := Negatives(context.Background(), b, new(topics), []pairs.Pair{{Positive: "x"}}, Options{}); err == nil {
		t.Error("texts without queries: no error")
	}
}
