// Package demo prepares the search bundle that `effir demo` shows: the
// documentation of the installed Go, in the user's cache.
package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/importer"
)

// bundleFolder of the cache holds the bundle. Vectors are kept by the hash of
// their model package; the folder's name changes with the kernels' arithmetic and
// with what of a passage is embedded, so that no older vectors are taken for new.
const bundleFolder = "go-documentation-r3"

// Corpus returns the documentation of the installed Go's standard library.
func Corpus(ctx context.Context) ([]corpus.Passage, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w; the demo's corpus is the documentation of an installed Go", err)
	}
	return corpus.GoDoc(ctx, strings.TrimSpace(string(out)), corpus.GoDocOptions{})
}

// Bundle writes the demo's bundle and returns its folder and passages. Vectors
// that it has from an earlier run stay if the passages are the same.
func Bundle(ctx context.Context) (dir string, passages []corpus.Passage, err error) {
	if passages, err = Corpus(ctx); err != nil {
		return "", nil, err
	}
	root, err := importer.CacheDir("")
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(root, "bundles", bundleFolder)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", nil, err
	}
	_, err = corpus.WriteBundle(dir, passages, corpus.BundleOptions{})
	return dir, passages, err
}
