package enginetest

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/site"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/native"
	format "github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
)

// built is the site of testdata/site as a static host serves it, in layers: the
// pages and scripts of the tests, the library with the released model, the index.
type built struct {
	pages, library, index fs.FS
	// changed is the index of the same site after a new edition: one page gone and
	// one rewritten.
	changed fs.FS
	// bare is an index without vectors.
	bare    fs.FS
	modules web.Assets
	// next are the library's files in their next version.
	next    files
	encoder *native.Encoder
	// axe says that axe-core is there.
	axe bool
	// modelBytes are what a browser downloads of the model.
	modelBytes int64
}

// layers are those of the site as it should be.
func (b *built) layers() []fs.FS { return []fs.FS{b.pages, b.library, b.index} }

var shared struct {
	sync.Once
	dir   string
	built *built
}

// theSite builds the site once.
func theSite(t *testing.T) *built {
	t.Helper()
	shared.Do(func() {
		b, err := build(t, shared.dir)
		if err != nil {
			t.Fatal(err)
		}
		shared.built = b
	})
	if shared.built == nil {
		t.Fatal("the site could not be built, see above")
	}
	return shared.built
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "effir-enginetest-")
	if err != nil {
		panic(err)
	}
	shared.dir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(t *testing.T, dir string) (*built, error) {
	ctx := context.WithoutCancel(t.Context()) // other tests use it, too
	model, err := models.Open(models.DefaultName)
	if err != nil {
		return nil, err
	}
	b := new(built)
	if b.encoder, err = native.Open(model, native.Options{}); err != nil {
		return nil, err
	}
	scripts, err := web.Compile(os.DirFS(".."), []api.EntryPoint{
		{InputPath: "enginetest/page/watch.ts", OutputPath: "watch"},
		{InputPath: "enginetest/page/harness.ts", OutputPath: "harness"},
	}, false)
	if err != nil {
		return nil, err
	}
	pages := files{"test.html": []byte("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>test</title>")}
	maps.Copy(pages, scripts)
	source := os.DirFS("testdata/site")
	for _, name := range must(fs.Glob(source, "*")) {
		pages[name] = must(fs.ReadFile(source, name))
	}
	if axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js"); err == nil {
		pages["axe.js"] = axe
		b.axe = true
	}
	b.pages = pages

	library := filepath.Join(dir, "library")
	if err := publish.Model(ctx, filepath.Join(library, "effir", "model"), model); err != nil {
		return nil, err
	}
	b.modelBytes = sizeOf(filepath.Join(library, "effir", "model"))
	modules := web.Assets{"guest.wasm": guestbuild.Module(t), "kernels_baseline.wasm": simd128.Baseline, "kernels_relaxed.wasm": simd128.Relaxed}
	b.modules = modules
	code, err := web.LibraryWith(modules, true)
	if err != nil {
		return nil, err
	}
	next, err := web.LibraryWith(modules, false) // other bytes, hence another build
	if err != nil {
		return nil, err
	}
	b.next = files{}
	for name, content := range next {
		b.next["effir/"+name] = content
	}
	for name, content := range code {
		if err := os.WriteFile(filepath.Join(library, "effir", name), content, 0o644); err != nil {
			return nil, err
		}
	}
	b.library = os.DirFS(library)

	budget, err := site.ModelBudget(model)
	if err != nil {
		return nil, err
	}
	embedder, err := site.NewEmbedder(model, filepath.Join(dir, "cache"))
	if err != nil {
		return nil, err
	}
	// The index lies in the site's folder effir, so that addresses lead out of it.
	collection, err := site.Folder(ctx, "testdata/site", site.FolderOptions{
		Out: "testdata/site/effir", HTMLOptions: site.HTMLOptions{Budget: budget},
	})
	if err != nil {
		return nil, err
	}
	if n := len(collection.Report.Problems); n > 0 {
		t.Fatalf("the site's pages have problems: %+v", collection.Report.Problems)
	}
	write := func(name string, pages []format.Page, keywordOnly bool) (fs.FS, error) {
		content := format.Content{Pages: pages, Fusion: index.DefaultFusion()}
		if !keywordOnly {
			content.Model = embedder.Model()
			if content.Vectors, err = embedder.Embed(ctx, pages, nil); err != nil {
				return nil, err
			}
		}
		to := filepath.Join(dir, name)
		if _, err := format.Write(ctx, filepath.Join(to, "effir"), content, nil); err != nil {
			return nil, err
		}
		return os.DirFS(to), nil
	}
	if b.index, err = write("index", collection.Pages, false); err != nil {
		return nil, err
	}
	if b.bare, err = write("bare", collection.Pages, true); err != nil {
		return nil, err
	}
	if b.changed, err = write("changed", edit(collection.Pages), false); err != nil {
		return nil, err
	}
	return b, nil
}

// edit returns the next edition of the site: no page on garlic, and composting in
// other words.
func edit(pages []format.Page) []format.Page {
	var next []format.Page
	for _, page := range pages {
		switch page.Title {
		case "Garlic and onions":
			continue
		case "Making compost":
			page.Passages = []format.Passage{{Heading: "Second edition", Anchor: "second", Text: "Compost needs air, water and patience; wormeries are quicker."}}
		}
		next = append(next, page)
	}
	return next
}

// sizeOf sums the content-named files of a folder.
func sizeOf(dir string) (bytes int64) {
	for _, path := range must(filepath.Glob(filepath.Join(dir, "*.bin"))) {
		bytes += must(os.Stat(path)).Size()
	}
	return bytes
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// embed returns the vectors of texts as native Go computes them.
func (b *built) embed(t *testing.T, texts []string, kind encoder.Kind) [][]float32 {
	t.Helper()
	vectors, err := b.encoder.Embed(context.WithoutCancel(t.Context()), texts, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}
