package edgebuild

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

// Assets copies a model package and a search bundle below dir, to model/ and
// index/, where the worker looks for them. Only files that the manifests name
// are copied. What dir held for older manifests is removed at the end.
func Assets(ctx context.Context, dir, modelDir, bundleDir string) error {
	text, err := os.ReadFile(filepath.Join(modelDir, model.FileName))
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
	if err := publish(ctx, filepath.Join(dir, "model"), modelDir, model.FileName, files); err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(bundleDir, index.ManifestName)); err != nil {
		return fmt.Errorf("search bundle: %w; give the folder that holds %s", err, index.ManifestName)
	}
	b, err := index.ParseBundle(text)
	if err != nil {
		return err
	}
	files = []string{b.Keyword.SHA256 + ".bin", b.Passages.SHA256 + ".bin"}
	if b.Vectors != nil {
		files = append(files, b.Vectors.SHA256+".bin")
	}
	return publish(ctx, filepath.Join(dir, "index"), bundleDir, index.ManifestName, files)
}

// publish copies files and then their manifest from one folder to another, so
// that a manifest never names what is not there yet.
func publish(ctx context.Context, to, from, manifest string, files []string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	keep := map[string]bool{manifest: true}
	for _, name := range append(files, manifest) {
		if err := ctx.Err(); err != nil {
			return err
		}
		keep[name] = true
		if err := copyFile(filepath.Join(to, name), filepath.Join(from, name)); err != nil {
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
// content say what it is, and the worker verifies it.
func copyFile(to, from string) error {
	want, err := os.Stat(from)
	if err != nil {
		return err
	}
	if got, err := os.Stat(to); err == nil && got.Size() == want.Size() && filepath.Ext(to) == ".bin" {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return atomicfile.Write(to, content)
}
