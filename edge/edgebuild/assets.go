package edgebuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Assets copies a model package and, unless it is nil, a search bundle below dir,
// to model/ and index/, where the worker looks for them. Only files that the
// manifests name are copied. What dir held for older manifests is removed at the
// end. A bundle with vectors of another model is refused.
func Assets(ctx context.Context, dir string, model, bundle fs.FS) error {
	if bundle != nil {
		if err := match(model, bundle); err != nil {
			return err
		}
	}
	if err := publish.Model(ctx, filepath.Join(dir, "model"), model); err != nil || bundle == nil {
		return err
	}
	return publish.Bundle(ctx, filepath.Join(dir, "index"), bundle)
}

// match says whether a bundle's vectors, if any, are the model's.
func match(model, bundle fs.FS) error {
	m, manifest, err := modeldir.Open(model)
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(bundle, index.ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("search bundle: %w; give the folder that holds %s", err, index.ManifestName)
	}
	if err != nil {
		return err
	}
	b, err := index.ParseBundle(text)
	if err != nil {
		return err
	}
	if b.Vectors != nil && b.Vectors.Model != modeldir.Identity(manifest) {
		return fmt.Errorf("search bundle: it was embedded with another model than %s; give that model, or index again with this one", m.Name)
	}
	return nil
}
