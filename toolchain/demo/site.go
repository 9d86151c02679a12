package demo

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/site"
	"github.com/effir/effir/wasm/index"
	format "github.com/effir/effir/wasm/site"
)

// Folders of the cache. That of the vectors is shared with `effir index`: its
// name changes with the kernels' arithmetic, so that no older vectors are taken
// for new.
const (
	bundleFolder = "demo-index"
	modelFolder  = "demo-model"
)

// Site is the demo's index in the making: it can be searched by keyword once
// it is open, and by meaning after Embed.
type Site struct {
	// Index and Model are folders to be served.
	Index, Model string
	// Passages counts what is indexed.
	Passages int
	// Missing counts the passages that have to be embedded first.
	Missing int

	content  format.Content
	embedder *site.Embedder
}

// Open reads the corpus and writes an index of it, with vectors if the cache,
// the folder vectors in the user's cache directory, has them all. The model is
// copied there, too, with what lets a browser load parts of it.
func Open(ctx context.Context, model fs.FS, vectors string) (*Site, error) {
	passages, err := Corpus(ctx)
	if err != nil {
		return nil, err
	}
	return open(ctx, model, vectors, passages)
}

func open(ctx context.Context, model fs.FS, vectors string, passages []corpus.Passage) (*Site, error) {
	budget, err := site.ModelBudget(model)
	if err != nil {
		return nil, err
	}
	root, err := importer.CacheDir("")
	if err != nil {
		return nil, err
	}
	b := &Site{Index: filepath.Join(root, bundleFolder), Model: filepath.Join(root, modelFolder)}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, err
	}
	if err := publish.Model(ctx, b.Model, model); err != nil {
		return nil, err
	}
	if b.embedder, err = site.NewEmbedder(model, filepath.Join(root, vectors)); err != nil {
		return nil, err
	}
	b.content = format.Content{Pages: Pages(passages, budget), Fusion: index.DefaultFusion()}
	for _, page := range b.content.Pages {
		b.Passages += len(page.Passages)
	}
	if b.Missing = len(b.embedder.Missing(b.content.Pages)); b.Missing == 0 {
		return b, b.Embed(ctx, nil)
	}
	_, err = format.Write(ctx, b.Index, b.content, nil)
	return b, err
}

// Embed gives the index vectors. progress, which may be nil, is told how many of
// the missing passages are embedded; those that are stay in the cache if the
// context ends.
func (b *Site) Embed(ctx context.Context, progress func(done, total int)) error {
	vectors, err := b.embedder.Embed(ctx, b.content.Pages, progress)
	if err != nil {
		return err
	}
	b.content.Vectors, b.content.Model = vectors, b.embedder.Model()
	_, err = format.Write(ctx, b.Index, b.content, nil)
	return err
}
