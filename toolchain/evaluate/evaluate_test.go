package evaluate

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/corpus"
)

// The figures must be those of trec_eval to 1e-6.
func TestFiguresEqualTrecEval(t *testing.T) {
	var golden []struct {
		Name    string
		Qrels   corpus.Qrels
		Run     map[string]map[string]float32
		Queries map[string][3]float64
		Mean    [3]float64
	}
	text, err := os.ReadFile("testdata/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) < 9 {
		t.Fatalf("only %d cases", len(golden))
	}
	check := func(name string, got Figures, want [3]float64) {
		t.Helper()
		for i, x := range []float64{got.NDCG10, got.Recall100, got.MRR10} {
			if !(math.Abs(x-want[i]) < 1e-6) {
				t.Errorf("%s, %s: %.9f, want %.9f", name, []string{"nDCG@10", "recall@100", "MRR@10"}[i], x, want[i])
			}
		}
	}
	for _, c := range golden {
		run := make(Run)
		for query, list := range c.Run {
			for _, doc := range slices.Sorted(maps.Keys(list)) {
				run[query] = append(run[query], Scored{Doc: doc, Score: list[doc]})
			}
		}
		report, err := Evaluate(run, c.Qrels)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Queries) != len(c.Queries) {
			t.Errorf("%s: %d queries, want %d", c.Name, len(report.Queries), len(c.Queries))
		}
		for query, want := range c.Queries {
			check(c.Name+", "+query, report.Queries[query], want)
		}
		check(c.Name+", mean", report.Mean, c.Mean)
	}
}

func TestEvaluateRefusesBadRuns(t *testing.T) {
	qrels := corpus.Qrels{"q": {"a": 1}}
	for name, list := range map[string][]Scored{
		"twice": {{"a", 1}, {"a", 2}},
		"NaN":   {{"a", float32(math.NaN())}},
	} {
		if _, err := Evaluate(Run{"q": list}, qrels); err == nil || !strings.Contains(err.Error(), `"q"`) {
			t.Errorf("%s: error %v does not name the query", name, err)
		}
	}
}

func TestEvaluateNothing(t *testing.T) {
	report, err := Evaluate(nil, nil)
	if err != nil || report.Mean != (Figures{}) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestWriteTREC(t *testing.T) {
	var out strings.Builder
	run := Run{"q2": {{"a", 0.1}}, "q1": {{"x", 1}, {"y", 1}, {"z", 2.5}}}
	if err := WriteTREC(&out, run, "tag"); err != nil {
		t.Fatal(err)
	}
	want := "q1 Q0 z 1 2.5 tag\nq1 Q0 y 2 1 tag\nq1 Q0 x 3 1 tag\nq2 Q0 a 1 0.1 tag\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
