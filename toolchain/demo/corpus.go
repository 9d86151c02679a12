package demo

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/effir/effir/toolchain/corpus"
)

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
	if dir, err = cachePath("bundles", "go-documentation"); err != nil {
		return "", nil, err
	}
	_, err = corpus.WriteBundle(dir, passages, corpus.BundleOptions{})
	return dir, passages, err
}
