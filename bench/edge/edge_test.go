package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/edge/edgebuild"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

func TestFigures(t *testing.T) {
	of := func(name string, values ...float64) measure.Series {
		return measure.Series{Name: name, Values: values}
	}
	values, missing := measure.Values(figures([]measure.Series{
		of(textCase(effirMiniLM, 16), 4), of(textCase(ortMiniLM, 16), 20), of(textCase(ortOlder, 16), 10), of(textCase(wazeroMiniLM, 16), 12),
		of(coldStart(effirMiniLM), 500), of(coldStart(ortMiniLM), 1000), of(coldStart(ortOlder), 1500),
	}))
	for name, want := range map[string]float64{"edge_16_vs_onnxruntime": 2.5, "edge_16_vs_wazero": 3, "edge_start_vs_onnxruntime": 2} {
		if values[name] != want {
			t.Errorf("%s is %g, want %g", name, values[name], want)
		}
	}
	if !math.IsNaN(values["edge_128_vs_onnxruntime"]) || missing["edge_128_vs_onnxruntime"] == "" {
		t.Errorf("what was not measured is %g, for the reason %q", values["edge_128_vs_onnxruntime"], missing["edge_128_vs_onnxruntime"])
	}
}

// TestWorkerIsMeasured starts this project's worker as the benchmark does.
func TestWorkerIsMeasured(t *testing.T) {
	t.Chdir(filepath.Join("..", "..")) // the commands run in the module's folder
	if installed, _ := filepath.Glob(filepath.Join("edge", "node_modules", "@cloudflare", "workerd-*", "bin", "workerd")); len(installed) == 0 && os.Getenv("WORKERD") == "" {
		t.Skip("workerd is not installed: run npm ci in edge/, or set WORKERD to the binary")
	}
	binary, err := findWorkerd(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := edgebuild.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := edgebuild.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	if err := edgebuild.Assets(t.Context(), filepath.Join(dir, "assets"), models.Default(), nil); err != nil {
		t.Fatal(err)
	}
	p, err := startWorkerd(t.Context(), binary, dir)
	if err != nil {
		t.Fatal(err)
	}
	worker := ours(p)
	defer worker.stop()

	e, err := native.Open(models.Default(), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Embed(t.Context(), []string{sample}, encoder.Passage, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := worker.embed(t.Context(), sample)
	if err != nil || !slices.Equal(got, want[0]) {
		t.Errorf("the worker's embedding differs from the native one (%v)", err)
	}

	of, err := texts.Of(models.Default())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Options: measure.Options{Quick: true}, log: io.Discard}
	if ms, err := b.timed(worker, of[16])(t.Context()); err != nil || !(ms > 0 && ms < 60_000) {
		t.Errorf("a text takes %g ms (%v)", ms, err)
	}
	if err := p.post(t.Context(), "/v1/embeddings", []byte(`{"input":5}`), new(any)); err == nil {
		t.Error("no error for an answer that says no")
	}
}

func TestFolderWithoutWorker(t *testing.T) {
	if _, err := startWorkerd(t.Context(), "false", t.TempDir()); err == nil {
		t.Error("no error for a program that ends at once")
	}
}
