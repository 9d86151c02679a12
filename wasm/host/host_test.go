package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/embed"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/host"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/model/modeldir"
)

func open(t *testing.T) *host.Host {
	t.Helper()
	h, err := host.Open(t.Context(), simd128.Baseline, guestbuild.Module(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close(t.Context()) })
	return h
}

var passages = []corpus.Passage{
	{ID: "1", Title: "context.WithCancel", Text: "WithCancel returns a derived context that can be cancelled.", Section: "context"},
	{ID: "2", Title: "http.Client.Do", Text: "Do sends an HTTP request and returns a response.", Section: "net/http"},
	{ID: "3", Title: "bufio.Scanner", Text: "Scanner reads a file line by line.", Section: "bufio", URL: "https://pkg.go.dev/bufio#Scanner"},
	{ID: "4", Title: "sort.Slice", Text: "Slice sorts a slice with a given less function. Grüße, 世界!", Section: "sort"},
}

// bundle makes a search bundle that the model embedded.
func bundle(t *testing.T, modelDir string) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := corpus.WriteBundle(dir, passages, corpus.BundleOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := embed.Bundle(t.Context(), dir, os.DirFS(modelDir), passages, func(int) {}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// parts returns the bundle's files in the order in which a host hands them over.
func parts(t *testing.T, dir string) map[engine.Part][]byte {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(dir, index.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	b, err := index.ParseBundle(manifest)
	if err != nil {
		t.Fatal(err)
	}
	content := map[engine.Part][]byte{engine.PartManifest: manifest}
	for part, file := range map[engine.Part]index.File{
		engine.PartKeyword: b.Keyword, engine.PartPassages: b.Passages, engine.PartVectors: b.Vectors.File,
	} {
		if content[part], err = corpus.ReadBundleFile(dir, file); err != nil {
			t.Fatal(err)
		}
	}
	return content
}

var loadOrder = []engine.Part{engine.PartManifest, engine.PartKeyword, engine.PartPassages, engine.PartVectors}

// The guest in wazero finds what an engine over the reference kernels finds, with
// the same scores, in every mode.
func TestSearchEqualsNativeEngine(t *testing.T) {
	modelDir := tinymodel.Write(t)
	content := parts(t, bundle(t, modelDir))
	h, native := open(t), nativeEngine(t, modelDir)
	if err := h.LoadModel(t.Context(), os.DirFS(modelDir)); err != nil {
		t.Fatal(err)
	}
	for _, part := range loadOrder {
		if err := h.SetIndex(t.Context(), part, content[part]); err != nil {
			t.Fatal(err)
		}
		if err := native.SetIndex(part, content[part]); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{"cancel", "read a file", "世界 Grüße", "zzz", "sorts a sli"} {
		for _, mode := range []engine.Mode{engine.ModeKeyword, engine.ModeSemantic, engine.ModeFused} {
			got, err := h.Search(t.Context(), query, mode, 3)
			if err != nil {
				t.Fatal(err)
			}
			want, err := native.Search(query, mode, 3)
			if err != nil {
				t.Fatal(err)
			}
			if got.Mode != want.Mode || got.Tokens != want.Tokens || !slices.Equal(got.Hits, want.Hits) {
				t.Errorf("%s %q: %+v, natively %+v", mode, query, got, want)
			}
		}
	}
	answer, err := h.Search(t.Context(), "read a file line by line", engine.ModeKeyword, 1)
	if err != nil || len(answer.Hits) != 1 || answer.Hits[0].Title != "bufio.Scanner" {
		t.Errorf("keyword search: %+v, %v", answer, err)
	}
}

func nativeEngine(t *testing.T, modelDir string) *engine.Engine {
	t.Helper()
	k, files := kernel.NewReference(), os.DirFS(modelDir)
	e := engine.New(k)
	m, raw, err := modeldir.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := e.SetManifest(raw)
	if err != nil {
		t.Fatal(err)
	}
	err = modeldir.ReadImage(files, m, func(offset int, chunk []byte) error {
		k.Write(weights.Add(offset), chunk)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := modeldir.ReadFile(files, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SetTokenizer(tokens); err != nil {
		t.Fatal(err)
	}
	return e
}

// What comes too early or is broken is refused with a reason, and the guest lives
// on.
func TestGuestRefusesAndLivesOn(t *testing.T) {
	ctx, h := t.Context(), open(t)
	modelDir := tinymodel.Write(t)
	content := parts(t, bundle(t, modelDir))

	refused := func(what string, err error, reason string) {
		t.Helper()
		if err == nil || errors.Is(err, host.ErrTrap) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: error %v, want one with %q", what, err, reason)
		}
	}
	_, err := h.Embed(ctx, "text", encoder.Query)
	refused("embed before a model", err, "no model is loaded")
	_, err = h.Search(ctx, "text", engine.ModeKeyword, 3)
	refused("search before an index", err, "no search index is loaded")
	refused("keyword index before its manifest", h.SetIndex(ctx, engine.PartKeyword, content[engine.PartKeyword]), "manifest must come before")
	refused("an empty manifest", h.SetIndex(ctx, engine.PartManifest, nil), "index.json")
	refused("a binary manifest", h.SetIndex(ctx, engine.PartManifest, []byte{0, 1, 2, 255}), "index.json")

	if err := h.LoadModel(ctx, os.DirFS(modelDir)); err != nil {
		t.Fatal(err)
	}
	_, err = h.Embed(ctx, "", encoder.Query)
	refused("an empty text", err, "empty")
	if _, err := h.Embed(ctx, strings.Repeat("\xff\x00", 1<<20), encoder.Query); err != nil {
		t.Errorf("two megabytes of binary: %v", err)
	}
	refused("a second model", h.LoadModel(ctx, os.DirFS(modelDir)), "loaded already")

	if err := h.SetIndex(ctx, engine.PartManifest, content[engine.PartManifest]); err != nil {
		t.Fatal(err)
	}
	for _, part := range loadOrder[1:3] {
		cut := content[part][:len(content[part])-1]
		if err := h.SetIndex(ctx, part, cut); err == nil || errors.Is(err, host.ErrTrap) {
			t.Errorf("part %d without its last byte: %v", part, err)
		}
		if err := h.SetIndex(ctx, part, content[part]); err != nil {
			t.Fatal(err)
		}
	}
	if answer, err := h.Search(ctx, "", engine.ModeFused, 3); err == nil && len(answer.Hits) > 0 {
		t.Errorf("an empty query found %+v", answer.Hits)
	}
	_, err = h.Search(ctx, "cancel", engine.ModeSemantic, 3)
	refused("semantic search before vectors", err, "no vectors")
	if answer, err := h.Search(ctx, "cancel", engine.ModeKeyword, 3); err != nil || len(answer.Hits) == 0 {
		t.Errorf("keyword search afterwards: %+v, %v", answer, err)
	}
}

func TestLoadModelRefusesBrokenPackages(t *testing.T) {
	for name, spoil := range map[string]func(dir, chunk string) error{
		"missing chunk":   func(_, chunk string) error { return os.Remove(chunk) },
		"corrupt chunk":   func(_, chunk string) error { return os.WriteFile(chunk, make([]byte, 1000), 0o600) },
		"missing package": func(dir, _ string) error { return os.RemoveAll(dir) },
		"broken manifest": func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, "model.json"), []byte(`{"format":`), 0o600)
		},
	} {
		dir := tinymodel.Write(t)
		m, _, err := modeldir.Open(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir, filepath.Join(dir, m.Weights.Chunks[0].FileName())); err != nil {
			t.Fatal(err)
		}
		err = open(t).LoadModel(t.Context(), os.DirFS(dir))
		if err == nil || errors.Is(err, host.ErrTrap) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
