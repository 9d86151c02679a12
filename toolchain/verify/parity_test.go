package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/edge/edgetest"
	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/toolchain/serve"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/host"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

const parityTexts = 200

// hosts are the places that compute embeddings of a package; each has a named
// skip of its own where what it needs is missing. One of them embeds queries, so
// that both kinds of text are compared.
var hosts = []struct {
	name  string
	kind  encoder.Kind
	embed func(t *testing.T, dir string, texts []string) [][]byte
}{
	{"native", encoder.Passage, embedNative},
	{"wazero", encoder.Passage, embedWazero},
	{"chromium", encoder.Passage, embedChromium},
	{"workerd", encoder.Query, embedWorkerd},
}

// The reference kernels, which are the specification, agree with every host on
// models small enough for them, one of each family, with every type of tensor.
func TestParityTinyModel(t *testing.T) {
	for family, write := range map[string]func(testing.TB) string{"llama": tinymodel.WriteSlim, "bert": tinymodel.WriteBert} {
		t.Run(family, func(t *testing.T) {
			dir := write(t)
			texts := withTokens(t, dir, Texts(parityTexts))
			want := map[encoder.Kind][][]byte{}
			for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
				want[kind] = embedWith(t, kernel.NewReference(), dir, texts, kind)
			}
			for _, h := range hosts {
				t.Run(h.name, func(t *testing.T) { compare(t, want[h.kind], h.embed(t, dir, texts), texts) })
			}
		})
	}
}

// The same 200 texts give the same bytes in native Go, wazero, Chromium and
// workerd with the released model, and point where the float model pointed when
// it was recorded.
func TestParityReleasedModel(t *testing.T) {
	dir := releasedDir(models.DefaultName)
	texts := withTokens(t, dir, Texts(parityTexts*11/10))[:parityTexts]
	want := map[encoder.Kind][][]byte{}
	for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
		want[kind] = embedWith(t, nil, dir, texts, kind)
	}
	identical := 1
	for _, h := range hosts[1:] {
		t.Run(h.name, func(t *testing.T) {
			got := h.embed(t, dir, texts)
			t.Logf("%-8s %-8s %x, native %x", h.name, kindNames[h.kind], digest(got), digest(want[h.kind]))
			if compare(t, want[h.kind], got, texts) {
				identical++
			}
		})
	}
	r, err := ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.Compare(t.Context(), openNative(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	record(t, "parity.json", results.Figures{
		"texts": parityTexts, "hosts_identical": float64(identical),
		"recorded_texts": float64(len(r.Texts)), "cosine_min": a.Least, "cosine_mean": a.Mean,
	})
}

var kindNames = map[encoder.Kind]string{encoder.Query: "queries", encoder.Passage: "passages"}

// All thirty layers of SmolLM2: how far 8-bit activations carry.
func TestParityFullModel(t *testing.T) {
	if testing.Short() {
		t.Skip("the full model takes a minute")
	}
	src := published(t, importer.DefaultModel)
	dir := filepath.Join(t.TempDir(), "full")
	_, err := export.Export(t.Context(), src, dir, export.Options{
		Name: "full", MaxTokens: 256, Embedding: model.Embedding{Pooling: "mean", Prefix: []int32{0}, Skip: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := Texts(40)
	minimum, mean := cosines(t, src, dir, texts, embedNative(t, dir, texts))
	t.Logf("cosine to the float reference: least %.4f, mean %.4f", minimum, mean)
	if mean < 0.99 {
		t.Errorf("mean cosine to the float reference is %.4f, want 0.99", mean)
	}
}

// withTokens leaves out texts of which a package's tokenizer makes no token, such
// as white space alone for WordPiece: they have no vector anywhere.
func withTokens(t *testing.T, dir string, texts []string) []string {
	t.Helper()
	e := openNative(t, dir)
	var list []string
	for _, text := range texts {
		if _, err := e.Tokens(text, encoder.Passage); err == nil {
			list = append(list, text)
		}
	}
	if len(list) < len(texts)*9/10 {
		t.Fatalf("only %d of %d texts have tokens", len(list), len(texts))
	}
	return list
}

// xla opens the backend of the float reference.
func xla(t *testing.T) backends.Backend {
	t.Helper()
	if _, err := backend.FindCPUPlugin(); err != nil && os.Getenv(backend.EnvSpec) == "" {
		if os.Getenv("EFFIR_REQUIRE_XLA") == "1" {
			t.Fatal(err)
		}
		t.Skip("no XLA plugin: run `effir plugin install`")
	}
	b, err := backend.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// cosines compares embeddings with the float reference on XLA.
func cosines(t *testing.T, src export.Source, dir string, texts []string, got [][]byte) (minimum, mean float64) {
	t.Helper()
	b := xla(t)
	e := openNative(t, dir)
	ids := make([][]int32, len(texts))
	for i, text := range texts {
		var err error
		if ids[i], err = e.Tokens(text, encoder.Passage); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Reference(t.Context(), b, src, os.DirFS(dir), ids)
	if err != nil {
		t.Fatal(err)
	}
	minimum = 1
	for i := range texts {
		c := Cosine(floatsOf(got[i]), want[i])
		if c < 0.99 {
			t.Logf("cosine %.4f, %d tokens: %.40q", c, len(ids[i]), texts[i])
		}
		minimum, mean = min(minimum, c), mean+c/float64(len(texts))
	}
	return minimum, mean
}

func embedNative(t *testing.T, dir string, texts []string) [][]byte {
	return embedWith(t, nil, dir, texts, encoder.Passage)
}

func openNative(t *testing.T, dir string) *native.Encoder {
	t.Helper()
	e, err := native.Open(os.DirFS(dir), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// embedWith uses the fastest kernels unless told which.
func embedWith(t *testing.T, k kernel.Kernels, dir string, texts []string, kind encoder.Kind) [][]byte {
	t.Helper()
	e, err := native.Open(os.DirFS(dir), native.Options{Kernels: k})
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := e.Embed(t.Context(), texts, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all(vectors)
}

func embedWazero(t *testing.T, dir string, texts []string) [][]byte {
	ctx := t.Context()
	h, err := host.Open(ctx, simd128.Baseline, guestbuild.Module(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close(context.WithoutCancel(ctx)) }()
	if err := h.LoadModel(ctx, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if vectors[i], err = h.Embed(ctx, text, encoder.Passage); err != nil {
			t.Fatalf("%.40q: %v", text, err)
		}
	}
	return all(vectors)
}

func embedChromium(t *testing.T, dir string, texts []string) [][]byte {
	if _, err := browsertest.Find(); errors.Is(err, browsertest.ErrMissing) && os.Getenv(browsertest.RequireVariable) != "1" {
		t.Skip(err)
	}
	page, err := web.Build(true)
	if err != nil {
		t.Fatal(err)
	}
	modules := fs.FS(web.Assets{
		"guest.wasm": guestbuild.Module(t), "kernels_baseline.wasm": simd128.Baseline, "kernels_relaxed.wasm": simd128.Relaxed,
	})
	server := httptest.NewServer(serve.New(serve.Options{Page: page, Modules: modules, Model: os.DirFS(dir)}).Handler())
	defer server.Close()
	vectors, err := browsertest.Embeddings(t.Context(), server.URL, texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func embedWorkerd(t *testing.T, dir string, texts []string) [][]byte {
	vectors, err := edgetest.Embeddings(t.Context(), edgetest.Start(t, dir, ""), texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

// compare reports the first difference of two hosts.
func compare(t *testing.T, want, got [][]byte, texts []string) bool {
	t.Helper()
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			t.Errorf("%.40q: other bytes: %x... instead of %x...", texts[i], got[i][:min(16, len(got[i]))], want[i][:16])
			return false
		}
	}
	return true
}

func digest(vectors [][]byte) []byte {
	sum := sha256.Sum256(bytes.Join(vectors, nil))
	return sum[:]
}

func all(vectors [][]float32) [][]byte {
	out := make([][]byte, len(vectors))
	for i, v := range vectors {
		out[i] = bytesOf(v)
	}
	return out
}

// record writes figures where EFFIR_RESULTS asks for them.
func record(t *testing.T, name string, figures results.Figures) {
	t.Helper()
	if dir := os.Getenv("EFFIR_RESULTS"); dir != "" {
		if err := results.Write(filepath.Join(dir, name), figures); err != nil {
			t.Fatal(err)
		}
	}
}
