package native_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

func open(t testing.TB, o native.Options) *native.Encoder {
	return openDir(t, tinymodel.Write(t), o)
}

func openDir(t testing.TB, dir string, o native.Options) *native.Encoder {
	t.Helper()
	e, err := native.Open(os.DirFS(dir), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func texts() []string {
	list := []string{"", "one", strings.Repeat("long text ", 50)}
	for i := range 60 {
		list = append(list, strings.Repeat("word ", i%9)+"end")
	}
	return list
}

// However texts are batched and spread over workers, each keeps its vector.
func TestEmbedEqualsEmbedOne(t *testing.T) {
	for _, dir := range []string{tinymodel.WriteSlim(t), tinymodel.WriteBert(t)} {
		for _, o := range []native.Options{{Workers: 1}, {Workers: 3, BatchTokens: 100}} {
			embedEqualsEmbedOne(t, openDir(t, dir, o), o)
		}
	}
}

func embedEqualsEmbedOne(t *testing.T, e *native.Encoder, o native.Options) {
	t.Helper()
	finished := 0
	vectors, err := e.Embed(t.Context(), texts(), encoder.Passage, func(done, _ int) { finished = done })
	if err != nil {
		t.Fatal(err)
	}
	if want := len(texts()) - 1; finished != want {
		t.Errorf("progress ended at %d of %d texts", finished, want)
	}
	for i, text := range texts() {
		if text == "" {
			if vectors[i] != nil {
				t.Error("the empty text has a vector")
			}
			continue
		}
		one, err := e.EmbedOne(text, encoder.Passage)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one, vectors[i]) {
			t.Errorf("%s, %+v: %.20q has another vector in a batch", e.Manifest().Family, o, text)
		}
	}
}

func TestEmbedStopsWhenCancelled(t *testing.T) {
	e := open(t, native.Options{Workers: 2, BatchTokens: 100})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.Embed(ctx, slices.Repeat(texts(), 50), encoder.Query, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := e.EmbedOne("still works", encoder.Query); err != nil {
		t.Error(err)
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	_, err := native.Open(os.DirFS(t.TempDir()), native.Options{})
	if err == nil || !strings.Contains(err.Error(), "model.json") {
		t.Errorf("error %v does not name model.json", err)
	}
}

func BenchmarkEmbedOne(b *testing.B) {
	e := open(b, native.Options{Workers: 1})
	for b.Loop() {
		if _, err := e.EmbedOne("how do I cancel a request", encoder.Query); err != nil {
			b.Fatal(err)
		}
	}
}
