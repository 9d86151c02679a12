package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/results"
	fusion "github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/site"
)

// Figures of others stay, ours are replaced, and what was missing no longer is.
func TestMerge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "web.json")
	if err := merge(path, results.Figures{"a": 1.23456, "b": math.NaN()}, map[string]string{"b": "no site"}); err != nil {
		t.Fatal(err)
	}
	if err := results.WriteWith(path, results.Figures{"a": 1, "engines_tested": 3}, map[string]string{"b": "no site"}); err != nil {
		t.Fatal(err)
	}
	if err := merge(path, results.Figures{"a": 1.23456, "b": 123456.7}, nil); err != nil {
		t.Fatal(err)
	}
	r, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Figures["a"] != 1.235 || r.Figures["b"] != 123457 || r.Figures["engines_tested"] != 3 || len(r.Missing) != 0 {
		t.Errorf("merged %v, missing %v", r.Figures, r.Missing)
	}
}

func TestPartOf(t *testing.T) {
	for name, want := range map[string]part{
		"effir.html": indexPart, "effir/effir.js": indexPart, "effir/0123.bin": indexPart, "effir/guest.wasm": runtimePart,
		"effir/model/0123.bin": modelPart, "pagefind/wasm.en.pagefind": indexPart, "orama/index.json": indexPart,
		"npm/onnxruntime-web/dist/x.wasm": runtimePart, "models/minilm-older/onnx/model_quantized.onnx": modelPart, "minilm/vectors.bin": indexPart,
	} {
		if got := partOf(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// The time of embedding follows from the runs that embedded some, without what they did besides.
func TestJournal(t *testing.T) {
	j := journal(filepath.Join(t.TempDir(), "times.json"))
	if _, err := j.of(100, cost{}); err == nil {
		t.Error("an empty journal tells a time")
	}
	for _, s := range []span{{30, 5, 8}, {20, 4, 6}} {
		if err := j.add(s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.of(100, cost{Seconds: 2, CPU: 1})
	if err != nil || got.Seconds != 10 || got.CPU != 24 {
		t.Errorf("%+v, %v: want 10 s and 24 s of processors", got, err)
	}
}

// A further question reads less than the first: what both need is there.
func TestReadCountsEachQuestion(t *testing.T) {
	dir := t.TempDir()
	var pages []site.Page
	for i := range 400 {
		text := fmt.Sprintf("Harbour %d lies behind a long wall, where the boats of %d sailors wait for the tide.", i, i*7)
		pages = append(pages, site.Page{URL: fmt.Sprintf("/%d", i), Title: fmt.Sprintf("Harbour %d", i), Passages: []site.Passage{{Text: text}}})
	}
	if _, err := site.Write(t.Context(), dir, site.Content{Pages: pages, Fusion: fusion.DefaultFusion()}, nil); err != nil {
		t.Fatal(err)
	}
	b := &bench{questions: []question{{ID: "1", Text: "long wall"}, {ID: "2", Text: "boats"}}}
	each, err := b.read(os.DirFS(dir), []int{0, 1, 0}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(each) != 3 || each[1] >= each[0] || each[2] != 0 {
		t.Errorf("questions read %d bytes: the second should need less than the first, the first asked again nothing", each)
	}
	b.outcome.budgets = []budget{{100, 300, 10, 40}, {120, 310, 20, 50}, {90, 330, 60, 60}}
	if next := b.next(); next[keyword].Median() != 20 || next[semantic].Median() != 50 {
		t.Errorf("further questions read %+v", next)
	}
}

// One page changes, and no other.
func TestChange(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"404.html": "<p>Not indexed</p>", "a.html": "<title>Nothing here</title>", "b/c.html": "<p>One</p><p>Two</p>", "d.html": "<p>Three</p>"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	page, err := change(dir)
	if err != nil || page != filepath.Join(dir, "b", "c.html") {
		t.Fatalf("changed %s, %v", page, err)
	}
	changed, err1 := os.ReadFile(page)
	other, err2 := os.ReadFile(filepath.Join(dir, "d.html"))
	if err1 != nil || err2 != nil || !strings.HasPrefix(string(changed), "<p>One This page was changed") || !strings.HasSuffix(string(changed), "</p><p>Two</p>") || string(other) != "<p>Three</p>" {
		t.Errorf("%q, %q, %v, %v", changed, other, err1, err2)
	}
	if _, err := change(t.TempDir()); err == nil {
		t.Error("a site without pages was changed")
	}
}

func TestEmbeddedNow(t *testing.T) {
	if n, err := embeddedNow("x: 10 pages, 20 passages (7 embedded now), 1 MB"); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := embeddedNow("x: 10 pages"); err == nil {
		t.Error("a report without the number is read")
	}
}
