package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The files in the package are what the generator writes.
func TestUpToDate(t *testing.T) {
	const folder = "../.."
	written := map[string]bool{}
	for _, p := range parts {
		assembly, stubs, err := generate(p)
		if err != nil {
			t.Fatalf("part %s: %v", p.name, err)
		}
		for name, want := range map[string][]byte{p.file() + ".s": assembly, p.file() + ".go": stubs} {
			written[name] = true
			got, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the generator writes; run `go generate` in its folder", name)
			}
		}
	}
	for _, pattern := range []string{"z*", "internal/limit/z*"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if name, err := filepath.Rel(folder, path); err != nil || !written[filepath.ToSlash(name)] {
				t.Errorf("%s belongs to no part of the generator", path)
			}
		}
	}
}
