// Package publish copies model packages and search bundles to where a web server
// or an edge worker serves them.
package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model"
)

// licence goes along with the weights that it covers.
const licence = "LICENSE"

// Model copies a model package to the folder dir: the files that its manifest
// names, LICENSE if there is one, and pages.json, made anew. What dir held for an
// older manifest is removed at the end.
func Model(ctx context.Context, dir string, from fs.FS) error {
	text, err := fs.ReadFile(from, model.FileName)
	if err != nil {
		return fmt.Errorf("model package: %w; give the folder that holds %s", err, model.FileName)
	}
	m, err := model.Parse(text)
	if err != nil {
		return err
	}
	files := []string{m.Tokenizer.FileName()}
	for _, chunk := range m.Weights.Chunks {
		files = append(files, chunk.FileName())
	}
	if _, err := fs.Stat(from, licence); err == nil {
		files = append(files, licence)
	}
	pages, err := hashPages(ctx, from, text, m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// Before the manifest: until that follows, loaders see that it is another model's.
	if err := atomicfile.Write(filepath.Join(dir, PagesName), pages); err != nil {
		return err
	}
	return publish(ctx, dir, from, model.FileName, files)
}

// Bundle does for a search bundle what Model does for a package.
func Bundle(ctx context.Context, dir string, from fs.FS) error {
	text, err := fs.ReadFile(from, index.ManifestName)
	if err != nil {
		return fmt.Errorf("search bundle: %w; give the folder that holds %s", err, index.ManifestName)
	}
	b, err := index.ParseBundle(text)
	if err != nil {
		return err
	}
	files := []string{b.Keyword.SHA256 + ".bin", b.Passages.SHA256 + ".bin"}
	if b.Vectors != nil {
		files = append(files, b.Vectors.SHA256+".bin")
	}
	return publish(ctx, dir, from, index.ManifestName, files)
}

// publish copies files and then their manifest to a folder, so that a manifest
// never names what is not there yet.
func publish(ctx context.Context, to string, from fs.FS, manifest string, files []string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	keep := map[string]bool{manifest: true}
	for _, name := range append(files, manifest) {
		if err := ctx.Err(); err != nil {
			return err
		}
		keep[name] = true
		if err := copyFile(filepath.Join(to, name), from, name); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if old := filepath.Join(to, entry.Name()); !keep[entry.Name()] && filepath.Ext(old) == ".bin" {
			err = errors.Join(err, os.Remove(old))
		}
	}
	return err
}

// copyFile copies a file unless the target has its size already: names of
// content say what it is, and who loads it verifies it.
func copyFile(to string, from fs.FS, name string) error {
	want, err := fs.Stat(from, name)
	if err != nil {
		return err
	}
	if got, err := os.Stat(to); err == nil && got.Size() == want.Size() && filepath.Ext(to) == ".bin" {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	content, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	return atomicfile.Write(to, content)
}
