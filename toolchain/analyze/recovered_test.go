package analyze

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/experiments"
	"github.com/effir/effir/toolchain/report"
)

// measuredCuts is an analysis of twelve layers with curves on 400 documents and 150 queries.
func measuredCuts() *Analysis {
	a := &Analysis{Model: "base", Layers: 12, Importance: map[Unit][]Score{}}
	for _, unit := range Units {
		for layer := range 12 {
			a.Importance[unit] = append(a.Importance[unit], Score{(layer * 5) % 12, float64(layer)})
		}
	}
	a.Effect = &Effect{Data: "set", Documents: 400, Queries: 150, MaxTokens: 256, Curves: []Curve{{Unit: MLP, Points: []Point{{0, 0.9}, {6, 0.2}}}}}
	return a
}

// cutsTable is what effir experiment writes.
func cutsTable() experiments.Result {
	const analyze, train = "effir analyze --model {model} --out {out}", "effir finetune --model {model} --teacher base --loss align=1 --tokens 80000 --out {out}"
	cut := func(how string) string {
		return "effir compress --model {model} --analysis {run}/analysis.json " + how + " --out {out}"
	}
	row := func(name string, scores []float64, commands ...string) experiments.RowResult {
		return experiments.RowResult{Name: name, Commands: commands, NDCG10: map[string][]float64{"set": scores, "other": {0.1, 0.1}}}
	}
	return experiments.Result{
		Name: "cuts", Base: "base", Tokens: 80_000, Documents: 400, Queries: 150, Datasets: []string{"set", "other"},
		Rows: []experiments.RowResult{
			row("full", []float64{0.901}),
			row("without recovery", []float64{0.3}, analyze, cut("--drop-mlp 50%")),
			row("half of the MLPs", []float64{0.8, 0.7}, analyze, cut("--drop-mlp 50%"), train),
			row("listed by importance", []float64{0.85}, analyze, cut("--drop-mlp 10,0,5"), train),
			row("listed otherwise", []float64{0.4}, analyze, cut("--drop-mlp 1,2,3,4"), train),
			row("greedily", []float64{0.5}, analyze+" --greedy 6", cut("--drop-mlp 50% --greedy"), train),
			row("a quarter of the layers", []float64{0.7, 0.8}, analyze, cut("--drop-block 25%"), train),
			row("the last layers", []float64{0.2}, cut("--keep-layers 9"), train),
			row("two units", []float64{0.5}, analyze, cut("--drop-mlp 5 --drop-attention 2"), train),
			row("narrower too", []float64{0.5}, analyze, cut("--drop-mlp 25%"), train+" --slim 1e-8", "effir compress --model {model} --gates {run}/gates.json --width 66% --out {out}", train),
			row("rounded too", []float64{0.5}, analyze, cut("--drop-mlp 25%"), train, "effir quantise --model {model} --bits 4 --out {out}"),
		},
	}
}

func TestAddRecoveredFromExperiment(t *testing.T) {
	dir, a := t.TempDir(), measuredCuts()
	r := cutsTable()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time replaces
		if err := a.AddRecovered(filepath.Join(dir, "cuts.json")); err != nil {
			t.Fatal(err)
		}
	}
	want := []Curve{
		{Unit: MLP, Points: []Point{{0, 0.9}, {6, 0.2}}},
		{Unit: MLP, Recovered: true, Training: "80,000 tokens", Points: []Point{{3, 0.85}, {6, 0.75}}},
		{Unit: Block, Recovered: true, Training: "80,000 tokens (mean of 2 runs)", Points: []Point{{3, 0.75}}},
	}
	if !reflect.DeepEqual(a.Effect.Curves, want) {
		t.Errorf("curves are %+v, want %+v", a.Effect.Curves, want)
	}
}

// A file of another set or model is refused, with both sides named, and changes nothing.
func TestAddRecoveredRefusesAnotherSet(t *testing.T) {
	for want, change := range map[string]func(*experiments.Result){
		"base: is other, but the analysis is of base":   func(r *experiments.Result) { r.Base = "other" },
		"datasets: are other, without set":              func(r *experiments.Result) { r.Datasets = []string{"other"} },
		"documents: are 1200, the curves have 400":      func(r *experiments.Result) { r.Documents = 1200 },
		"queries: are 300, the curves have 150":         func(r *experiments.Result) { r.Queries = 300 },
		"full: has nDCG@10 0.8000 uncut, the curves be": func(r *experiments.Result) { r.Rows[0].NDCG10["set"] = []float64{0.8} },
		"rows: have none that dropped":                  func(r *experiments.Result) { r.Rows = r.Rows[:2] },
		"half of the MLPs: is impossible":               func(r *experiments.Result) { r.Rows[2].NDCG10["set"] = []float64{70} },
	} {
		dir, a, r := t.TempDir(), measuredCuts(), cutsTable()
		change(&r)
		if err := r.Write(dir); err != nil {
			t.Fatal(err)
		}
		if err := a.AddRecovered(filepath.Join(dir, "cuts.json")); err == nil || !strings.Contains(err.Error(), "cuts.json") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
		if !reflect.DeepEqual(a, measuredCuts()) {
			t.Errorf("%s: the refused file changed the curves: %+v", want, a.Effect.Curves)
		}
	}
}

func TestAddRecoveredFromEvaluation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evaluation.json")
	system := func(name string, quality float64) evaluate.FileSystem {
		return evaluate.FileSystem{Name: name, NDCG10: quality}
	}
	file := evaluate.File{
		Datasets: []evaluate.FileDataset{
			{Name: "other", Documents: 1, Queries: 1},
			{Name: "set", Documents: 400, Queries: 150, Systems: []evaluate.FileSystem{
				system("bm25", 0.6), system("base", 0.899), system("attention-6", 0.8), system("bm25 + attention-6", 0.85),
				system("mlp-2 #1", 0.7), system("mlp-2 #2", 0.8), system("mlp-2b", 0.1), system("block-0", 0.9),
			}},
		},
		Models: []evaluate.FileModel{{Name: "base"}},
	}
	add := func() (*Analysis, error) {
		if err := file.Write(path); err != nil {
			t.Fatal(err)
		}
		a := measuredCuts()
		return a, a.AddRecovered(path)
	}
	a, err := add()
	if err != nil {
		t.Fatal(err)
	}
	want := append(measuredCuts().Effect.Curves,
		Curve{Unit: Attention, Recovered: true, Points: []Point{{6, 0.8}}}, Curve{Unit: MLP, Recovered: true, Points: []Point{{2, 0.75}}})
	if !reflect.DeepEqual(a.Effect.Curves, want) {
		t.Errorf("curves are %+v, want %+v", a.Effect.Curves, want)
	}
	set := &file.Datasets[1]
	for _, c := range []struct {
		change func()
		want   string
	}{
		{func() { set.Systems[1].NDCG10 = 0.8 }, "base: has nDCG@10 0.8000 uncut"},
		{func() { set.Systems = set.Systems[:2]; set.Systems[1].NDCG10 = 0.9 }, "no model that is named by what it lacks"},
		{func() { set.Documents = 300 }, "has 300 documents and 150 queries, the curves have 400 and 150"},
		{func() { set.Name = "third" }, "are other, third, without set"},
	} {
		c.change()
		if _, err := add(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}

func TestAddRecoveredRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recovered.json")
	if err := (&Analysis{Layers: 12}).AddRecovered(path); err == nil || !strings.Contains(err.Error(), "measure them first") {
		t.Errorf("without curves: %v", err)
	}
	for _, text := range []string{"", "{}", "[]", `{"rows":7}`, `{"rows":[]}`, `{"models":"x"}`, `{"models":[]}`, `[{"unit":"mlp","dropped":6,"ndcg10":0.7}]`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := measuredCuts().AddRecovered(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names the file", text, err)
		}
	}
}

// On the page a unit's curve after recovery stands beside that without, and the axis begins at the
// tenth below the least point, so that small losses can be seen.
func TestEffectOnPage(t *testing.T) {
	e := measuredCuts().Effect
	e.Curves = []Curve{
		{Unit: Block, Points: []Point{{0, 0.9}, {3, 0.62}}},
		{Unit: Block, Recovered: true, Training: "80,000 tokens", Points: []Point{{3, 0.85}}},
		{Unit: MLP, Recovered: true, Points: []Point{{2, 0.88}, {6, 0.8}}},
		{Unit: MLP, Points: []Point{{0, 0.9}, {6, 0.7}}},
	}
	parts := e.section().Parts
	chart, table := parts[0].(report.Chart), parts[1].(report.Table)
	if want := []string{"dropped", "MLP", "MLP, recovered", "block", "block, recovered"}; !slices.Equal(table.Columns, want) {
		t.Errorf("columns %q, want %q", table.Columns, want)
	}
	if want := [][]string{{"0", "0.900", "", "0.900", ""}, {"2", "", "0.880", "", ""}, {"3", "", "", "0.620", "0.850"}, {"6", "0.700", "0.800", "", ""}}; !reflect.DeepEqual(table.Rows, want) {
		t.Errorf("rows %q, want %q", table.Rows, want)
	}
	if chart.Y.Min != 0.6 || chart.Y.Max != 0.9 {
		t.Errorf("the axis goes from %g to %g", chart.Y.Min, chart.Y.Max)
	}
	if chart.Series[1].Style != report.DottedLine || chart.Series[3].Style != report.Dots {
		t.Errorf("series are %+v", chart.Series)
	}
	if !strings.Contains(chart.Caption, "trained with 80,000 tokens.") {
		t.Errorf("caption %q does not tell of the training", chart.Caption)
	}
}
