package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/index"
)

// Queries in steady state leave nothing for the garbage collector, but for what
// keyword search makes of the query's words and of its hits.
func TestQueriesDoNotAllocate(t *testing.T) {
	const query = "how do I cancel a request"
	dir := tinymodel.Write(t)
	e, _, _ := open(t, dir)
	loadBundle(t, e, dir)
	search := func(mode engine.Mode) func() error {
		return func() error {
			answer, err := e.Search(query, mode, 10)
			if err == nil && len(answer.Hits) < 10 {
				err = fmt.Errorf("%d hits", len(answer.Hits))
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		call func() error
		most float64
	}{
		"Reads": {func() error { _, err := e.Reads(query, encoder.Query); return err }, 0},
		"Reads and Embed": {func() error {
			if _, err := e.Reads(query, encoder.Query); err != nil {
				return err
			}
			_, _, err := e.Embed(query, encoder.Query)
			return err
		}, 0},
		"semantic search": {search(engine.ModeSemantic), 0},
		"fused search":    {search(engine.ModeFused), 60},
		"keyword search":  {search(engine.ModeKeyword), 60},
	} {
		n := testing.AllocsPerRun(50, func() {
			if err := c.call(); err != nil {
				t.Fatal(name, err)
			}
		})
		t.Log(name, n)
		if n > c.most {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// What a search leaves does not grow with the number of passages.
func TestGarbageOfKeywordSearch(t *testing.T) {
	dir := tinymodel.Write(t)
	e, _, _ := open(t, dir)
	loadBundle(t, e, dir)
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Search("how do I cancel a request", engine.ModeKeyword, 10); err != nil {
				b.Fatal(err)
			}
		}
	})
	if r.AllocedBytesPerOp() > 16<<10 {
		t.Errorf("a search in %d passages allocates %d bytes", passages, r.AllocedBytesPerOp())
	}
}

// BenchmarkReads is a query of a host that asks what to put in place first.
func BenchmarkReads(b *testing.B) {
	e, _, _ := open(b, tinymodel.WriteBert(b))
	b.ReportAllocs()
	for b.Loop() {
		_, err := e.Reads("how do I cancel a request", encoder.Query)
		if err == nil {
			_, _, err = e.Embed("how do I cancel a request", encoder.Query)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// passages of the tests' bundle: so many that a number for each shows.
const passages = 5000

// loadBundle gives e a bundle.
func loadBundle(t *testing.T, e *engine.Engine, modelDir string) {
	t.Helper()
	list := make([]corpus.Passage, passages)
	for i := range list {
		list[i] = corpus.Passage{ID: fmt.Sprint(i), Title: fmt.Sprint("request ", i), Text: fmt.Sprint("cancel ", i%7)}
	}
	dir := t.TempDir()
	if _, err := corpus.WriteBundle(dir, list, corpus.BundleOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := embed.Bundle(t.Context(), dir, os.DirFS(modelDir), list, func(int) {}); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, index.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	b, err := index.ParseBundle(manifest)
	if err == nil {
		err = e.SetIndex(engine.PartManifest, manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		engine.Part
		index.File
	}{{engine.PartKeyword, b.Keyword}, {engine.PartPassages, b.Passages}, {engine.PartVectors, b.Vectors.File}} {
		content, err := corpus.ReadBundleFile(dir, part.File)
		if err == nil {
			err = e.SetIndex(part.Part, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
