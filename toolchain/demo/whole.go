package demo

import (
	"context"
	"os"
	"path/filepath"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/importer"
)

// wholeFolder of the cache holds the bundle of `effir search`. Vectors are kept by
// the hash of their model package; the folder's name changes with the kernels'
// arithmetic and with what of a passage is embedded, so that no older vectors are
// taken for new.
const wholeFolder = "go-documentation-r3"

// Bundle writes the bundle that the command line searches, which is read whole,
// and returns its folder and passages. Vectors that it has from an earlier run
// stay if the passages are the same.
func Bundle(ctx context.Context) (dir string, passages []corpus.Passage, err error) {
	if passages, err = Corpus(ctx); err != nil {
		return "", nil, err
	}
	root, err := importer.CacheDir("")
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(root, "bundles", wholeFolder)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", nil, err
	}
	_, err = corpus.WriteBundle(dir, passages, corpus.BundleOptions{})
	return dir, passages, err
}
