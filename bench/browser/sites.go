package main

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/wasm/site"
)

// passages are the site that the client library opens: it has an index as any site has, small beside
// the model.
var passages = []string{
	"Rivers carry sand and stones from the mountains to the sea.",
	"Glaciers carve valleys with steep walls and flat floors.",
	"Wind wears rock away and piles sand up in dunes.",
	"Waves undercut a coast until its cliffs fall.",
}

// publishSite writes a site's index for a model package to dir, and the package as sites publish it
// to packageDir.
func publishSite(ctx context.Context, dir, packageDir string, files fs.FS) error {
	if err := publish.Model(ctx, packageDir, files); err != nil {
		return err
	}
	m, manifest, err := modeldir.Open(files)
	if err != nil {
		return err
	}
	vectors, err := embedPassages(ctx, files, m)
	if err != nil {
		return err
	}
	content := site.Content{Vectors: vectors, Model: modeldir.Identity(manifest), Fusion: index.DefaultFusion()}
	for i, text := range passages {
		content.Pages = append(content.Pages, site.Page{
			URL: fmt.Sprintf("/%d.html", i), Title: fmt.Sprintf("Page %d", i), Language: "en",
			Passages: []site.Passage{{Text: text}},
		})
	}
	_, err = site.Write(ctx, dir, content, nil)
	return err
}

func embedPassages(ctx context.Context, files fs.FS, m *model.Manifest) (*index.Vectors, error) {
	e, err := native.Open(files, native.Options{})
	if err != nil {
		return nil, err
	}
	rows, err := e.Embed(ctx, passages, encoder.Passage, nil)
	if err != nil {
		return nil, err
	}
	vectors, err := index.NewVectors(m.Dims)
	for _, row := range rows {
		if err == nil {
			err = vectors.Append(row)
		}
	}
	return vectors, err
}
