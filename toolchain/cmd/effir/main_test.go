package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/model/modeldir"
)

// run executes a command line and returns what it printed.
func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	root := rootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(arguments)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// Every command that does something shows an example in its help.
func TestHelpHasExamples(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Runnable() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(rootCommand())
}

// writeCheckpoint stores the tiny model as a checkpoint.
func writeCheckpoint(t *testing.T) string {
	t.Helper()
	src, dir := tinymodel.New(1), filepath.Join(t.TempDir(), "checkpoint")
	tokens, err := src.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Write(t.Context(), dir, src.Config(), src, tokens, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeDataset stores a small BEIR folder.
func writeDataset(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corpus.jsonl": `{"_id":"d1","title":"Cancelling","text":"A context cancels a request."}
{"_id":"d2","title":"Sorting","text":"Slices are sorted by a function."}
`,
		"queries.jsonl":  `{"_id":"q1","text":"cancel a request"}` + "\n",
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// From a checkpoint to results, by the commands that the README lists.
func TestExportIndexSearchEvaluate(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir()) // embeddings
	data, work := writeDataset(t), t.TempDir()
	model, bundle := filepath.Join(work, "package"), filepath.Join(work, "bundle")
	for _, step := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"export", writeCheckpoint(t), "-o", model, "--max-tokens", "64"}, "4 layers"},
		{[]string{"index", data, "-o", bundle, "--whole", "--model", model}, "2 passages"},
		{[]string{"search", "--index", bundle, "--model", model, "cancel", "requests"}, "1. Cancelling"},
		{[]string{"evaluate", data, "--model", model}, "bm25          1.0000"},
	} {
		out, err := run(t, step.arguments...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", step.arguments, err, out)
		}
		if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(step.want), " ")) {
			t.Errorf("%v printed\n%s\nwhich lacks %q", step.arguments, out, step.want)
		}
	}
}

// A site folder holds all that a page loads.
func TestSite(t *testing.T) {
	dir := t.TempDir()
	guest, out := filepath.Join(dir, "guest.wasm"), filepath.Join(dir, "site")
	if err := os.WriteFile(guest, []byte("module"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "site", "-o", out, "--guest", guest); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "search.js", "effir.js", "effir-search.js", "worker.js", "guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm", "model/model.json"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The model is the released one, until another is named, which then stays.
	tiny := tinymodel.Write(t)
	for _, step := range []struct {
		arguments []string
		want      string
	}{{nil, models.DefaultName}, {[]string{"--model", tiny}, tiny}, {nil, tiny}} {
		if _, err := run(t, append([]string{"site", "-o", out, "--guest", guest}, step.arguments...)...); err != nil {
			t.Fatal(err)
		}
		want, err := openModel(step.want)
		if err != nil {
			t.Fatal(err)
		}
		written := os.DirFS(filepath.Join(out, "model"))
		if err := modeldir.Check(written); err != nil || identity(t, written) != identity(t, want) {
			t.Errorf("site %v wrote another model than %s, or not all of it: %v", step.arguments, step.want, err)
		}
	}
}

func identity(t *testing.T, dir fs.FS) string {
	t.Helper()
	_, manifest, err := modeldir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return modeldir.Identity(manifest)
}

// The released model is what every command uses, and it understands questions
// whose words no passage has.
func TestReleasedModelIsTheDefault(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	data, work := writeDataset(t), t.TempDir()
	bundle, words := filepath.Join(work, "bundle"), filepath.Join(work, "words")
	for _, step := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"index", data, "-o", bundle, "--whole"}, "2 passages"},
		{[]string{"search", "--index", bundle, "aborting", "an", "HTTP", "call"}, "1. Cancelling [meaning #1"},
		{[]string{"index", data, "-o", words, "--whole", "--keyword-only"}, "2 passages"},
		{[]string{"search", "--index", words, "cancel"}, "no vectors"},
		{[]string{"evaluate", data, "--model", models.DefaultName}, models.DefaultName},
	} {
		out, err := run(t, step.arguments...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", step.arguments, err, out)
		}
		if !strings.Contains(strings.Join(strings.Fields(out), " "), step.want) {
			t.Errorf("%v printed\n%s\nwhich lacks %q", step.arguments, out, step.want)
		}
	}
	if _, err := run(t, "search", "--index", bundle, "--model", tinymodel.Write(t), "cancel"); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("a model that did not embed the bundle: %v", err)
	}
}

// Bad input ends in one error that names it, and writes nothing.
func TestBadInput(t *testing.T) {
	work := t.TempDir()
	garbage := filepath.Join(work, "model.gguf")
	if err := os.WriteFile(garbage, []byte("GGUF\x03\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(work, "out")
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"import", garbage, "-o", out}, "model.gguf"},
		{[]string{"import", filepath.Join(work, "missing.gguf"), "-o", out}, "missing.gguf"},
		{[]string{"export", work, "-o", out}, "config.json"},
		{[]string{"index", work, "-o", out, "--whole"}, "corpus.jsonl"},
		{[]string{"index", writeDataset(t), "-o", out, "--whole", "--model", work}, "model.json"},
		{[]string{"search", "--index", work, "query"}, "index.json"},
		{[]string{"search", "--model", "missing", "query"}, models.DefaultName},
		{[]string{"search", "  "}, "query is empty"},
		{[]string{"search", "-n", "0", "query"}, "--limit"},
		{[]string{"evaluate", "--max-words", "-3", work}, "--max-words"},
		{[]string{"evaluate", work}, "BEIR folder is incomplete"},
		{[]string{"demo", "--guest", filepath.Join(work, "guest.wasm")}, "guest.wasm"},
	} {
		_, err := run(t, c.arguments...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %s", c.arguments, err, c.want)
		}
	}
	if left, _ := os.ReadDir(work); len(left) != 1 {
		t.Errorf("%v were left behind", left)
	}
}
