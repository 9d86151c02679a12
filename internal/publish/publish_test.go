package publish_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
)

// A package replaces another whole: with its licence, and without the files that
// only the older one used; what is not of a package stays.
func TestModelReplacesAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site", "model")
	if err := publish.Model(t.Context(), dir, os.DirFS(tinymodel.Write(t))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish.Model(t.Context(), dir, models.Default()); err != nil {
		t.Fatal(err)
	}
	if err := modeldir.Check(os.DirFS(dir)); err != nil {
		t.Error(err)
	}
	m, _, err := modeldir.Open(models.Default())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(m.Weights.Chunks) + 5; len(entries) != want { // tokenizer, manifest, pages, licence, notes
		t.Errorf("%v are there, want %d files", entries, want)
	}
	for _, name := range []string{"LICENSE", "notes.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNoPackage(t *testing.T) {
	to := filepath.Join(t.TempDir(), "to")
	if err := publish.Model(t.Context(), to, os.DirFS(t.TempDir())); err == nil || !strings.Contains(err.Error(), "model.json") {
		t.Errorf("no model: %v", err)
	}
	if err := publish.Bundle(t.Context(), to, os.DirFS(t.TempDir())); err == nil || !strings.Contains(err.Error(), "index.json") {
		t.Errorf("no bundle: %v", err)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a folder was made for nothing")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := publish.Model(ctx, to, models.Default()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(filepath.Join(to, "model.json")); err == nil {
		t.Error("a cancelled copy has its manifest")
	}
}
