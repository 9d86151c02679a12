package main

import (
	"context"
	"io"
	"os"

	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// openEmbedder opens a model package for evaluation; "demo" is the demo's.
func openEmbedder(ctx context.Context, path string) (evaluate.Embedder, io.Closer, error) {
	if path == "demo" {
		var err error
		if path, err = prepareModel(ctx, os.Stderr); err != nil {
			return nil, nil, err
		}
	}
	e, err := native.Open(os.DirFS(path), native.Options{})
	if err != nil {
		return nil, nil, err
	}
	return embedder{e}, io.NopCloser(nil), nil
}

type embedder struct{ *native.Encoder }

// Embed implements evaluate.Embedder. A text without tokens gets a vector that is
// similar to nothing.
func (e embedder) Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	vectors, err := e.Encoder.Embed(ctx, texts, kind, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		if v == nil {
			vectors[i] = make([]float32, e.Dims())
		}
	}
	return vectors, nil
}

var _ evaluate.Embedder = embedder{}
