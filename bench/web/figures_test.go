package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/effir/effir/toolchain/results"
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

func TestEmbeddedNow(t *testing.T) {
	if n, err := embeddedNow("x: 10 pages, 20 passages (7 embedded now), 1 MB"); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := embeddedNow("x: 10 pages"); err == nil {
		t.Error("a report without the number is read")
	}
}
