package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/bench/weights"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// prepared are the models on this machine.
type prepared struct {
	dir       string // folder of all that is made
	packages  map[string]fs.FS
	manifests map[string]*model.Manifest // of the packages
	sites     map[string]string          // folders of sites' indexes by the package they use
	onnx      string                     // folder of the models of transformers.js
	gguf      map[string]string          // SmolLM2 for wllama by format
}

// smolPooling is how SmolLM2's states become a vector, see weights.Dir.SmolLM2.
const smolPooling = checkpoint.PoolLast

// prepare brings every model to dir, in the forms that the systems read. What is there already stays.
// slimSmol is the folder of a package; empty: one that is made, untrained.
func prepare(ctx context.Context, dir, slimSmol string, log io.Writer) (*prepared, error) {
	p := &prepared{dir: dir, packages: map[string]fs.FS{}, manifests: map[string]*model.Manifest{}, sites: map[string]string{}, gguf: map[string]string{}}
	fmt.Fprintln(log, "models: all-MiniLM-L6-v2, bge-small-en-v1.5 and SmolLM2-135M-Instruct in the formats of each system")
	from := weights.Dir(dir)
	var err error
	if p.onnx, err = from.ONNX(ctx); err != nil {
		return nil, err
	}
	for _, format := range []gguf.Type{gguf.F32, gguf.Q8_0, gguf.Q4_0} {
		if p.gguf[format.String()], err = from.GGUF(ctx, format); err != nil {
			return nil, err
		}
	}
	slim := from.SlimSmolLM2
	if slimSmol != "" {
		slim = func(context.Context) (fs.FS, error) { return os.DirFS(slimSmol), nil }
	}
	for name, get := range map[string]func(context.Context) (fs.FS, error){
		"minilm":         from.MiniLM4,
		"minilm-7-bit":   from.MiniLM,
		"smollm2":        from.SmolLM2,
		"bge-small-slim": func(context.Context) (fs.FS, error) { return models.Open("bge-small-slim") },
		"smollm2-slim":   slim,
	} {
		if p.packages[name], err = get(ctx); err != nil {
			return nil, err
		}
		if p.manifests[name], _, err = modeldir.Open(p.packages[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, p.publishSites(ctx, "minilm", "minilm-7-bit", "bge-small-slim", "smollm2")
}

// publishSites publishes sites with a package each, which stands for the unpublished one from then on.
func (p *prepared) publishSites(ctx context.Context, names ...string) error {
	for _, name := range names {
		dir, packageDir := filepath.Join(p.dir, "sites", name), filepath.Join(p.dir, "published", name)
		if err := publishSite(ctx, dir, packageDir, p.packages[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.sites[name], p.packages[name] = dir, os.DirFS(packageDir)
	}
	return nil
}

// texts returns the texts to embed for each vocabulary.
func (p *prepared) texts() (map[vocabulary]map[int][]string, error) {
	all := map[vocabulary]map[int][]string{}
	for vocab, name := range map[vocabulary]string{wordPieces: "minilm", bytePairs: "smollm2"} {
		var err error
		if all[vocab], err = texts.Of(p.packages[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
