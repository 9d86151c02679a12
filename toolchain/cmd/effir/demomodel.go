package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/head"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/native"
)

// The demo's model: the first layers of SmolLM2, whose mean states compare best
// before any retrieval training, behind a head fitted without labels. RATIONALE
// has the measurements. The name changes when the recipe does.
const (
	demoName   = "smollm2-135m-8-layers-r1"
	demoLayers = 8
	demoTokens = 256
	fitTexts   = 1500
	fitWords   = 40
)

var demoHead = head.Options{Dims: 256, Drop: 8, Power: 0.25}

// demoEmbedding takes the mean over the text alone: the first position of a
// language model collects a huge state without meaning, so an end-of-text token
// stands there and is left out.
func demoEmbedding() model.Embedding {
	return model.Embedding{Pooling: "mean", Prefix: []int32{0}, Skip: 1, Unit: true}
}

// demoModel returns the demo's model package in the cache, which it makes from
// the published weights on the first run.
func demoModel(ctx context.Context, log io.Writer) (string, error) {
	dir, err := cachePath("packages", demoName)
	if err != nil {
		return "", err
	}
	if _, _, err := model.Open(os.DirFS(dir)); err == nil {
		return dir, nil
	}
	fmt.Fprintln(log, "model: fetching and importing", importer.DefaultModel)
	imported, err := importer.Import(ctx, importer.DefaultModel, "", importer.Options{CacheDir: os.Getenv("EFFIR_CACHE"), Progress: showImport(log)})
	if err != nil {
		return "", err
	}
	src, err := checkpoint.Open(imported.Dir)
	if err != nil {
		return "", err
	}
	defer src.Close()
	fmt.Fprintln(log, "model: quantising to 4 bits and fitting the head")
	o := export.Options{
		Name: "smollm2-135m-8-layers", Layers: demoLayers, MaxTokens: demoTokens,
		NoFinalNorm: true, Embedding: demoEmbedding(),
	}
	if o.Head, err = fitHead(ctx, src, o); err != nil {
		return "", err
	}
	_, err = export.Export(ctx, src, dir, o)
	return dir, err
}

// fitHead embeds passages of the Go documentation without a head and fits one.
func fitHead(ctx context.Context, src export.Source, o export.Options) (*export.Head, error) {
	temp, err := os.MkdirTemp("", "effir-head-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	dir := filepath.Join(temp, "package")
	if _, err := export.Export(ctx, src, dir, o); err != nil {
		return nil, err
	}
	e, err := native.Open(os.DirFS(dir), native.Options{})
	if err != nil {
		return nil, err
	}
	passages, err := goDoc(ctx)
	if err != nil {
		return nil, err
	}
	step := max(1, len(passages)/fitTexts)
	var texts []string
	for i := 0; i < len(passages); i += step {
		texts = append(texts, passages[i].EmbedText(fitWords))
	}
	states, err := e.Embed(ctx, texts, encoder.Passage, nil)
	if err != nil {
		return nil, err
	}
	return head.Fit(states, demoHead)
}
