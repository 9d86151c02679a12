package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/internal/terminal"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/toolchain/site"
	format "github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
)

// vectorFolder of the cache holds vectors by model and text. Its name changes
// with the kernels' arithmetic, so that no older vectors are taken for new.
const vectorFolder = "site-vectors-r3"

// indexSite builds the bundle of a site, once or after every change.
func indexSite(ctx context.Context, stdout, stderr io.Writer, source string, o indexOptions) error {
	b := siteBuild{indexOptions: o, source: source, stdout: stdout, stderr: stderr, budget: site.DefaultBudget()}
	if err := b.prepare(); err != nil {
		return err
	}
	err := b.run(ctx)
	if err == nil && !o.dryRun && !o.bundleOnly {
		b.sayHow()
	}
	if !o.watch || ctx.Err() != nil {
		return err
	}
	if err != nil {
		fmt.Fprintln(stderr, "effir:", err)
	}
	fmt.Fprintf(stderr, "watching %s; Ctrl+C ends\n", source)
	own := []string{o.out}
	if o.report != "" {
		own = append(own, o.report)
	}
	return site.Watch(ctx, source, own, site.Debounce, func() {
		if err := b.run(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintf(stderr, "effir: %v; the bundle stays as it was\n", err)
		}
	})
}

// siteBuild is what stays from one build to the next.
type siteBuild struct {
	indexOptions
	source         string
	stdout, stderr io.Writer
	budget         site.Budget
	model          fs.FS          // nil: keyword only
	embedder       *site.Embedder // nil: keyword only
	modules        fs.FS          // nil: no runtime is written
	memory         site.Memory
}

// prepare finds out what is wrong with the options before anything is written.
func (b *siteBuild) prepare() error {
	if b.keywordOnly {
		return nil
	}
	var err error
	if b.model, err = openModel(b.indexOptions.model); err != nil {
		return err
	}
	if b.budget, err = site.ModelBudget(b.model); err != nil {
		return err
	}
	cache, err := importer.CacheDir("")
	if err != nil {
		return err
	}
	if b.embedder, err = site.NewEmbedder(b.model, filepath.Join(cache, vectorFolder)); err != nil {
		return err
	}
	if b.bundleOnly || b.dryRun {
		return nil
	}
	if b.modules, err = modulesFS(b.guest); err != nil {
		return fmt.Errorf("%w; --bundle-only does without", err)
	}
	return nil
}

// run builds once.
func (b *siteBuild) run(ctx context.Context) error {
	collection, err := readSite(ctx, b.source, b.indexOptions, b.budget, &b.memory, b.progress("read"))
	if err != nil {
		return err
	}
	if b.report != "" {
		if err := writeReport(b.report, &collection.Report); err != nil {
			return err
		}
	}
	if b.dryRun {
		b.list(collection)
	}
	printNotes(b.stdout, &collection.Report)
	switch problems := len(collection.Report.Problems); {
	case len(collection.Pages) == 0:
		return fmt.Errorf("%s: there is nothing to index: give a folder with HTML, Markdown or text, or a file of JSON lines", b.source)
	case b.strict && problems > 0:
		return fmt.Errorf("%s: %s and --strict is given", b.source, count(problems, "problem"))
	case b.dryRun:
		return nil
	}
	content := format.Content{Pages: collection.Pages, Fusion: b.fusion}
	embedded := 0
	if b.embedder != nil {
		embedded = len(b.embedder.Missing(collection.Pages))
		content.Model = b.embedder.Model()
		if content.Vectors, err = b.embedder.Embed(ctx, collection.Pages, b.progress("embed")); err != nil {
			return err
		}
		source, err := filepath.Abs(b.source)
		if err := errors.Join(err, b.embedder.Keep(source, collection.Pages)); err != nil {
			return err
		}
	}
	// What the bundle needs is there before its manifest names it.
	if err := b.writeRuntime(ctx); err != nil {
		return err
	}
	manifest, err := format.Write(ctx, b.out, content, b.progress("write"))
	if err != nil {
		return err
	}
	return b.summarise(manifest, &collection.Report, embedded)
}

// writeRuntime writes the scripts, and the modules and the model that search by
// meaning needs.
func (b *siteBuild) writeRuntime(ctx context.Context) error {
	if b.bundleOnly {
		return nil
	}
	files, err := web.LibraryWith(b.modules, true)
	if err != nil {
		return err
	}
	if b.modules != nil {
		if err := publish.Model(ctx, filepath.Join(b.out, "model"), b.model); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := errors.Join(ctx.Err(), atomicfile.Write(filepath.Join(b.out, name), files[name])); err != nil {
			return err
		}
	}
	return nil
}

// progress returns a bar that begins when the total is known.
func (b *siteBuild) progress(what string) func(done, total int) {
	var set func(int) error
	return func(done, total int) {
		if set == nil {
			set = newBar(b.stderr, total, what).Set
		}
		_ = set(done)
		if done == total && terminal.Is(b.stderr) {
			fmt.Fprintln(b.stderr)
		}
	}
}
