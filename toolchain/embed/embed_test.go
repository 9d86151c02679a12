package embed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/embed"
)

func passages(n int) []corpus.Passage {
	list := make([]corpus.Passage, n)
	for i := range list {
		list[i] = corpus.Passage{ID: fmt.Sprint(i), Title: fmt.Sprintf("passage %d", i), Text: "some words about it"}
	}
	return list
}

func write(t *testing.T, list []corpus.Passage) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := corpus.WriteBundle(dir, list, corpus.BundleOptions{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// vectors returns how many passages of a bundle have vectors, and their file.
func vectors(t *testing.T, dir string) (count int, file string) {
	t.Helper()
	b, err := corpus.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b.Vectors == nil {
		return 0, ""
	}
	return b.Vectors.Count, b.Vectors.SHA256
}

// A run that was stopped goes on where it was, and ends with the bytes of a run
// that was not.
func TestBundleResumes(t *testing.T) {
	model, list := tinymodel.Write(t), passages(1200)
	whole, stopped := write(t, list), write(t, list)
	if err := embed.Bundle(t.Context(), whole, os.DirFS(model), list, func(int) {}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := embed.Bundle(ctx, stopped, os.DirFS(model), list, func(n int) {
		if n > 600 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	if count, _ := vectors(t, stopped); count == 0 || count == len(list) {
		t.Fatalf("the stopped run kept %d of %d vectors, want some", count, len(list))
	}
	first := 0
	if err := embed.Bundle(t.Context(), stopped, os.DirFS(model), list, func(n int) {
		if first == 0 {
			first = n
		}
	}); err != nil {
		t.Fatal(err)
	}
	if first < 512 {
		t.Errorf("the second run began with passage %d again", first)
	}
	wantCount, want := vectors(t, whole)
	if count, got := vectors(t, stopped); count != wantCount || got != want {
		t.Errorf("%d vectors in %s, without a stop %d in %s", count, got, wantCount, want)
	}
}

// Vectors of another model are not kept.
func TestBundleStartsAgainForAnotherModel(t *testing.T) {
	list := passages(5)
	dir, model := write(t, list), tinymodel.Write(t)
	if err := embed.Bundle(t.Context(), dir, os.DirFS(model), list, func(int) {}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(model, "model.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.Replace(string(text), `"name": "tiny"`, `"name": "other"`, 1)
	if err := os.WriteFile(path, []byte(renamed), 0o600); err != nil {
		t.Fatal(err)
	}
	embedded := 0
	if err := embed.Bundle(t.Context(), dir, os.DirFS(model), list, func(n int) { embedded = n }); err != nil || embedded != len(list) {
		t.Errorf("%d passages embedded, error %v; want all", embedded, err)
	}
	b, err := corpus.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b.Vectors.Count != len(list) {
		t.Errorf("%d vectors", b.Vectors.Count)
	}
}

// A passage without text gets no meaning, and the others keep theirs.
func TestBundleTakesEmptyPassages(t *testing.T) {
	list := append(passages(2), corpus.Passage{ID: "empty"})
	dir := write(t, list)
	if err := embed.Bundle(t.Context(), dir, os.DirFS(tinymodel.Write(t)), list, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if count, _ := vectors(t, dir); count != len(list) {
		t.Errorf("%d of %d passages have vectors", count, len(list))
	}
}

// Damaged vectors are made again.
func TestBundleRepairsVectors(t *testing.T) {
	list, model := passages(5), tinymodel.Write(t)
	dir := write(t, list)
	for _, damage := range []func(path string) error{
		func(path string) error { return os.WriteFile(path, []byte("damaged"), 0o600) },
		os.Remove,
	} {
		if err := embed.Bundle(t.Context(), dir, os.DirFS(model), list, func(int) {}); err != nil {
			t.Fatal(err)
		}
		_, file := vectors(t, dir)
		if err := damage(filepath.Join(dir, file+".bin")); err != nil {
			t.Fatal(err)
		}
		if err := embed.Bundle(t.Context(), dir, os.DirFS(model), list, func(int) {}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := corpus.OpenBundle(dir); err != nil {
			t.Error(err)
		}
	}
}
