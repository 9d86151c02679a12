// Package demo prepares what `effir demo` shows: a model package made from
// published weights, and a search bundle of the Go documentation. Both lie in the
// user's cache, and a run that was interrupted goes on where it stopped.
package demo

import (
	"context"
	"os"
	"path/filepath"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/head"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/native"
)

// Progress is told what is going on: the step, and how much of it is done; total
// is -1 while it is unknown. nil is allowed.
type Progress func(step string, done, total int64)

func (p Progress) report(step string, done, total int64) {
	if p != nil {
		p(step, done, total)
	}
}

// The demo's model: the first layers of SmolLM2, whose mean states compare best
// before any retrieval training, behind a head fitted without labels. RATIONALE
// has the measurements. The folder's name changes with the recipe and
// with the kernels' arithmetic, so that no older vectors are taken for these.
const (
	modelFolder = "smollm2-135m-8-layers-r2"
	modelLayers = 8
	maxTokens   = 256
	fitTexts    = 1500
	fitWords    = 40
)

var headOptions = head.Options{Dims: 256, Drop: 8, Power: 0.25}

// embedding takes the mean over the text alone: the first position of a language
// model collects a huge state without meaning, so an end-of-text token stands
// there and is left out.
func embedding() model.Embedding {
	return model.Embedding{Pooling: "mean", Prefix: []int32{0}, Skip: 1, Unit: true}
}

// ModelDir returns where Model puts the package.
func ModelDir() (string, error) { return cachePath("packages", modelFolder) }

// CheckpointDir returns where Checkpoint puts the base model.
func CheckpointDir() (string, error) { return importer.DefaultDir(importer.DefaultModel, "") }

// Checkpoint returns the base model, imported on the first call.
func Checkpoint(ctx context.Context, progress Progress) (*checkpoint.Checkpoint, error) {
	imported, err := importer.Import(ctx, importer.DefaultModel, "", importer.Options{Progress: progress})
	if err != nil {
		return nil, err
	}
	return checkpoint.Open(imported.Dir)
}

// Model returns the folder of the demo's model package, made on the first call.
func Model(ctx context.Context, progress Progress) (string, error) {
	dir, err := ModelDir()
	if err != nil {
		return "", err
	}
	if err := modeldir.Check(os.DirFS(dir)); err == nil {
		return dir, nil
	}
	src, err := Checkpoint(ctx, progress)
	if err != nil {
		return "", err
	}
	defer src.Close()
	o := export.Options{
		Name: "smollm2-135m-8-layers", Layers: modelLayers, MaxTokens: maxTokens,
		NoFinalNorm: true, Embedding: embedding(),
	}
	if o.Head, err = fitHead(ctx, src, o, progress); err != nil {
		return "", err
	}
	o.Progress = func(done, total int) { progress.report("quantise", int64(done), int64(total)) }
	_, err = export.Export(ctx, src, dir, o)
	return dir, err
}

// fitHead embeds passages of the Go documentation without a head and fits one.
func fitHead(ctx context.Context, src export.Source, o export.Options, progress Progress) (*export.Head, error) {
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
	passages, err := Corpus(ctx)
	if err != nil {
		return nil, err
	}
	var texts []string
	for i := 0; i < len(passages); i += max(1, len(passages)/fitTexts) {
		texts = append(texts, passages[i].EmbedText(fitWords))
	}
	states, err := e.Embed(ctx, texts, encoder.Passage, func(done, _ int) {
		progress.report("fit the head", int64(done), int64(len(texts)))
	})
	if err != nil {
		return nil, err
	}
	return head.Fit(states, headOptions)
}

// cachePath returns a path in the user's cache, which EFFIR_CACHE moves, and
// makes its parent folder.
func cachePath(elements ...string) (string, error) {
	root, err := importer.CacheDir("")
	if err != nil {
		return "", err
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	return path, os.MkdirAll(filepath.Dir(path), 0o755)
}
