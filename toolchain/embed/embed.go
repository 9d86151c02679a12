// Package embed gives the passages of a search bundle their vectors.
package embed

import (
	"context"
	"io/fs"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
)

// embedWords bounds what of a passage is embedded: its first words say what it
// is about, and time grows with length.
const embedWords = 60

// slab is how many passages are embedded between two writes of the bundle.
const slab = 512

// Bundle gives a bundle's passages vectors of a model package, slab by slab, so
// that a search can use what is there and an interrupted run goes on where it
// stopped. done is told how many passages have vectors.
func Bundle(ctx context.Context, bundleDir string, model fs.FS, passages []corpus.Passage, done func(embedded int)) error {
	_, raw, err := modeldir.Open(model)
	if err != nil {
		return err
	}
	modelHash := modeldir.Identity(raw)
	vectors := storedVectors(bundleDir, modelHash)
	if vectors != nil && vectors.Len() == len(passages) {
		done(vectors.Len())
		return nil
	}
	e, err := native.Open(model, native.Options{})
	if err != nil {
		return err
	}
	if vectors == nil {
		if vectors, err = index.NewVectors(e.Dims()); err != nil {
			return err
		}
	}
	for vectors.Len() < len(passages) {
		start := vectors.Len()
		part := passages[start:min(start+slab, len(passages))]
		texts := make([]string, len(part))
		for i, p := range part {
			texts[i] = p.EmbedText(embedWords)
		}
		rows, err := e.Embed(ctx, texts, encoder.Passage, func(texts, _ int) { done(start + texts) })
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row == nil { // an empty passage is found by no meaning
				row = make([]float32, vectors.Dims())
			}
			if err := vectors.Append(row); err != nil {
				return err
			}
		}
		if _, err := corpus.AddVectors(bundleDir, vectors, modelHash); err != nil {
			return err
		}
	}
	return nil
}

// storedVectors returns the vectors that a bundle has from this model, or nil.
// Damaged ones count as missing: they can be made again.
func storedVectors(bundleDir, modelHash string) *index.Vectors {
	bundle, err := corpus.ReadManifest(bundleDir)
	if err != nil || bundle.Vectors == nil || bundle.Vectors.Model != modelHash {
		return nil
	}
	data, err := corpus.ReadBundleFile(bundleDir, bundle.Vectors.File)
	if err != nil {
		return nil
	}
	vectors, err := index.ParseVectors(data)
	if err != nil {
		return nil
	}
	return vectors
}
