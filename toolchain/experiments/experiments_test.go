package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/evaluate"
)

// fake is an effir that makes folders like the real one does.
type fake struct {
	calls  []string
	failOn string
}

func (f *fake) run(_ context.Context, arguments []string, out io.Writer) error {
	line := strings.Join(arguments, " ")
	f.calls = append(f.calls, line)
	fmt.Fprintln(out, "output of", arguments[0])
	if f.failOn != "" && strings.Contains(line, f.failOn) {
		return errors.New("exit status 1")
	}
	if arguments[0] == "evaluate" {
		return f.evaluate(arguments)
	}
	dir := arguments[slices.Index(arguments, "--out")+1]
	name := "config.json"
	switch {
	case arguments[0] == "finetune" && slices.Contains(arguments, "--slim"):
		name = "gates.json"
	case arguments[0] == "finetune":
		name = filepath.Join("checkpoint", name)
	case arguments[0] == "analyze":
		name = "analysis.json"
	}
	path := filepath.Join(dir, name)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("{}"), 0o600))
}

// evaluate gives the models descending scores.
func (f *fake) evaluate(arguments []string) error {
	var file evaluate.File
	for _, dataset := range []string{"scifact", "nq"} {
		d := evaluate.FileDataset{Name: dataset}
		for i, argument := range arguments {
			if argument != "--model" {
				continue
			}
			name, _, _ := strings.Cut(arguments[i+1], "=")
			d.Systems = append(d.Systems, evaluate.FileSystem{Name: name, NDCG10: 0.9 - 0.01*float64(len(d.Systems))})
			if n := len(d.Systems); n > 1 {
				file.Tests = append(file.Tests, evaluate.FileTest{System: name, Against: d.Systems[0].Name, Dataset: dataset, Adjusted: 0.01 * float64(n)})
			}
			if dataset == "nq" {
				file.Models = append(file.Models, evaluate.FileModel{Name: name, Cost: evaluate.Cost{MACs: 1_000_000}})
			}
		}
		file.Datasets = append(file.Datasets, d)
	}
	return file.Write(arguments[slices.Index(arguments, "--json")+1])
}

func settings(t *testing.T) Settings {
	return Settings{Tokens: 500, Seeds: []uint64{1, 2}, Data: []string{"folder/a.jsonl", "b.jsonl=0.5"}, Datasets: []string{"scifact", "nq"}, Documents: 100, Queries: 10, Work: t.TempDir()}
}

func TestRunSharesAndResumes(t *testing.T) {
	table := Table{Name: "t", Base: "base", Rows: []Row{
		{Name: "full"},
		{Name: "cut", Steps: cut("--drop-mlp", "50%")},
		{Name: "trained", Seeded: true, Steps: append(cut("--drop-mlp", "50%"), align())},
	}}
	s := settings(t)
	effir := &fake{failOn: "--seed 2"}
	if _, err := Run(t.Context(), table, s, effir.run, io.Discard); err == nil || !strings.Contains(err.Error(), `row "trained"`) || !strings.Contains(err.Error(), "log.txt") {
		t.Fatalf("error %v names neither row nor output", err)
	}
	if len(effir.calls) != 4 { // analyze, compress, finetune with both seeds
		t.Fatalf("calls %q", effir.calls)
	}
	compressed := effir.calls[1]
	if !strings.HasPrefix(compressed, "compress --model base --analysis ") || !strings.Contains(compressed, "/out/analysis.json --drop-mlp 50% --out ") {
		t.Errorf("command %s", compressed)
	}
	if trained := effir.calls[2]; strings.Contains(trained, "--model base") || !strings.Contains(trained, "--teacher base") ||
		!strings.Contains(trained, "--data folder/a.jsonl --data b.jsonl=0.5") || !strings.Contains(trained, "--tokens 500 --seed 1") {
		t.Errorf("command %s", trained)
	}
	again := &fake{}
	result, err := Run(t.Context(), table, s, again.run, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.calls) != 2 || !strings.Contains(again.calls[0], "--seed 2") || !strings.Contains(again.calls[1], "trained #2="+s.Work) || !strings.Contains(again.calls[1], "/out/checkpoint") {
		t.Errorf("calls after the failure %q", again.calls)
	}
	row := result.Rows[2]
	if len(row.NDCG10["nq"]) != 2 || len(row.Means) != 2 || row.Cost.MACs != 1_000_000 || row.P["scifact"] != 0.03 || len(row.Commands) != 3 {
		t.Errorf("row %+v", row)
	}
	if mean, spread := row.Mean(); mean < 0.874 || mean > 0.876 || spread < 0.0049 || spread > 0.0051 {
		t.Errorf("mean %g, spread %g", mean, spread)
	}
	checkMarkdown(t, result)
}

func checkMarkdown(t *testing.T, result *Result) {
	t.Helper()
	page := Markdown([]*Result{result})
	for _, want := range []string{
		"| cut | 0.8900* | 0.8900* | 0.8900 | 98.9 % | 0.0 | 1.0 |",
		"| trained | 0.8750* | 0.8750* | 0.8750 ± 0.0050 | 97.2 % |",
		"500 tokens a row, seeds 1 2", "at most 100 documents and 10 queries",
		"--data a.jsonl --data b.jsonl=0.5 --tokens 500 --seed 2 --out {out}\n",
		"effir compress --model {model} --analysis {run}/analysis.json --drop-mlp 50% --out {out}",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %q:\n%s", want, page)
		}
	}
}

// A gates training leaves the model as it was, for the cut that uses the gates.
func TestGatesKeepTheModel(t *testing.T) {
	effir := &fake{}
	table, err := Find("widths")
	if err != nil {
		t.Fatal(err)
	}
	table.Rows = table.Rows[2:3]
	if _, err := Run(t.Context(), table, settings(t), effir.run, io.Discard); err != nil {
		t.Fatal(err)
	}
	if len(effir.calls) < 3 || !strings.HasPrefix(effir.calls[1], "compress --model "+bge+" --gates ") || !strings.Contains(effir.calls[1], "/out/gates.json --width 50%") {
		t.Errorf("calls %q", effir.calls)
	}
}

func TestAllTablesAreWellFormed(t *testing.T) {
	names := map[string]bool{}
	for _, table := range All() {
		if names[table.Name] || table.Title == "" || table.Question == "" || table.Base == "" || len(table.Rows) < 2 {
			t.Errorf("table %q", table.Name)
		}
		names[table.Name] = true
		rows := map[string]bool{}
		for _, row := range table.Rows {
			if rows[row.Name] || strings.ContainsAny(row.Name, "=|") {
				t.Errorf("%s: row %q", table.Name, row.Name)
			}
			rows[row.Name] = true
			trained := false
			for _, step := range row.Steps {
				trained = trained || step[0] == "finetune"
			}
			if trained != row.Seeded {
				t.Errorf("%s, %s: seeded %v, trained %v", table.Name, row.Name, row.Seeded, trained)
			}
		}
	}
	table, err := Find("precision")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Select([]string{"4 bits, plain", "float"}); err != nil || len(table.Rows) != 2 || table.Rows[1].Name != "4 bits, plain" {
		t.Errorf("selected %+v, %v", table.Rows, err)
	}
	if err := table.Select([]string{"absent"}); err == nil || !strings.Contains(err.Error(), "4 bits, plain") {
		t.Errorf("error %v does not list the rows", err)
	}
	if _, err := Find("absent"); err == nil || !strings.Contains(err.Error(), "precision") {
		t.Errorf("error %v does not list the tables", err)
	}
}

func TestResultsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	table, err := Find("cuts")
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), table, settings(t), (&fake{}).run, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Write(dir); err != nil {
		t.Fatal(err)
	}
	list, err := ReadResults(dir)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d results, %v", len(list), err)
	}
	if Markdown(list) != Markdown([]*Result{result}) {
		t.Error("a result that was read back gives another page")
	}
	if err := os.WriteFile(filepath.Join(dir, "cuts.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadResults(dir); err == nil || !strings.Contains(err.Error(), "cuts.json") {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"seeds": func(s *Settings) { s.Seeds = nil }, "datasets": func(s *Settings) { s.Datasets = nil }, "folder": func(s *Settings) { s.Work = "" },
	} {
		s := settings(t)
		change(&s)
		if _, err := Run(t.Context(), cuts(), s, (&fake{}).run, io.Discard); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestDoneFileIsJSON(t *testing.T) {
	s := settings(t)
	if _, err := Run(t.Context(), precision("p", "base"), s, (&fake{}).run, io.Discard); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(s.Work, "quantise-*", doneFile))
	if len(files) < 8 {
		t.Fatalf("%d steps are marked as done", len(files))
	}
	text, err := os.ReadFile(files[0])
	if err != nil || !json.Valid(text) {
		t.Errorf("%s: %s (%v)", files[0], text, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), precision("p", "base"), s, (&fake{}).run, io.Discard); err == nil || !strings.Contains(err.Error(), files[0]) {
		t.Errorf("a damaged mark: %v", err)
	}
}
