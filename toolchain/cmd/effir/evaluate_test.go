package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/results"
)

// Checkpoints, rounded ones and packages are measured side by side, and every
// output is written.
func TestEvaluateModels(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	t.Setenv("GOMLX_BACKEND", "go")
	data, checkpoint, work := writeDataset(t), writeCheckpoint(t), t.TempDir()
	pack := filepath.Join(work, "package")
	if out, err := run(t, "export", checkpoint, "-o", pack, "--max-tokens", "64"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := func(name string) string { return filepath.Join(work, name) }
	arguments := []string{"evaluate", data, "--model", "smol=" + checkpoint, "--model", "smol-equal=" + checkpoint + "@4", "--model", "smol-package=" + pack,
		"--skip-missing", "--model", "bge=" + file("absent"), "--compare", "smol-package,smol", "--weights", "1:0.5",
		"--json", file("all.json"), "--markdown", file("table.md"), "--chart", file("chart.html"), "--quality", file("quality.json"), "--record", file("eval.json"), "--runs", file("runs")}
	out, err := run(t, arguments...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"smol-equal", "bm25 + smol-package 1:0.5", "bge is left out"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	text, err := os.ReadFile(file("all.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all evaluate.File
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Models) != 3 || all.Models[0].MACs == 0 || all.Models[0].MACs > all.Models[2].MACs || all.Models[2].Bytes >= all.Models[0].Bytes {
		t.Errorf("models %+v", all.Models)
	}
	quality, err := results.Read(file("quality.json"))
	if err != nil {
		t.Fatal(err)
	}
	if quality.Figures["smol_layer_params_share"] != 1 || !math.IsNaN(quality.Figures["bge_retention"]) || quality.Missing["bge_retention"] == "" {
		t.Errorf("quality %+v", quality)
	}
	if runs, _ := filepath.Glob(filepath.Join(file("runs"), "*.run")); len(runs) != 10 {
		t.Errorf("runs %q", runs)
	}
	// A second run finds all embeddings in the cache and gives the same output.
	before, _ := filepath.Glob(filepath.Join(os.Getenv("EFFIR_CACHE"), "embeddings", "*", "*"))
	again, err := run(t, arguments...)
	if err != nil || again != out {
		t.Errorf("the second run printed\n%s\nthe first\n%s (%v)", again, out, err)
	}
	after, _ := filepath.Glob(filepath.Join(os.Getenv("EFFIR_CACHE"), "embeddings", "*", "*"))
	if len(before) != 6 || !slices.Equal(before, after) {
		t.Errorf("cached files %q, then %q", before, after)
	}
}

func TestAsymmetricEvaluate(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	t.Setenv("GOMLX_BACKEND", "go")
	checkpoint := writeCheckpoint(t)
	out, err := run(t, "evaluate", writeDataset(t), "--documents", checkpoint, "--model", "student="+checkpoint+"@4", "--docs", "2", "--queries", "1")
	if err != nil || !strings.Contains(out, "bm25 + student") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	data := writeDataset(t)
	for _, c := range []struct {
		want      string
		arguments []string
	}{
		{"2 to 8", []string{"--model", "x@1"}},
		{"2 to 8", []string{"--model", "x@four"}},
		{"effir import", []string{"--model", "nothing-of-this-name"}},
		{"is taken", []string{"--model", "bm25=demo-folder"}},
		{"give the folder", []string{"--model", "name="}},
		{"--documents", []string{"--documents", "x"}},
		{"--max-tokens", []string{"--max-tokens", "-1"}},
		{"--weights", []string{"--weights", "1"}},
		{"--weights", []string{"--weights", "0:0"}},
		{"comma", []string{"--compare", "bm25"}},
		{"absent", []string{"--compare", "bm25,absent"}},
	} {
		if _, err := run(t, append([]string{"evaluate", data}, c.arguments...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v does not say %q", c.arguments, err, c.want)
		}
	}
}
