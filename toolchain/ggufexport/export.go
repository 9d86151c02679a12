// Package ggufexport writes Llama checkpoints, slimmed ones included, as GGUF files that llama.cpp and
// programs built on it (node-llama-cpp in the tests here) run unchanged.
//
// A model whose layers are all alike becomes one of llama.cpp's architecture "llama". Any other
// becomes one of "deci", the same computation with sizes layer by layer; see blocks for the forms
// that it demands of layers without MLP or attention.
//
// The file says how states are pooled and whether attention is causal, so that llama.cpp's embeddings
// are those of the checkpoint. What llama.cpp cannot do (a dense head, leading tokens left out of the
// mean) is refused. Prefixes of queries and passages stay the caller's: they are recorded under
// effir.query_prefix and effir.passage_prefix, which llama.cpp ignores.
package ggufexport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// Source is an open model. *checkpoint.Checkpoint is one.
type Source interface {
	checkpoint.Source
	Config() checkpoint.Config
	TokenizerJSON() ([]byte, error)
}

// Options of Write.
type Options struct {
	// Name of the model in the file (general.name).
	Name string
	// Type of the weights: gguf.F32, F16, Q8_0 or Q4_0. Norms are F32 always; with Q4_0 the token
	// tables are Q8_0, as their errors weigh most; matrices whose rows are no multiple of 32 are F16
	// instead of Q8_0 or Q4_0.
	Type gguf.Type
	// Progress, if not nil, is called with the bytes of weights written so far and in total.
	Progress func(done, total int64)
}

// Summary of a written file.
type Summary struct {
	Architecture string // "llama" or "deci"
	Blocks       int    // layers in the file
}

// Write writes a model as a GGUF file, which appears complete or not at all and may replace a GGUF
// file, but nothing else. One tensor at a time is in memory. What cannot be expressed in the file is
// a *checkpoint.InputError.
func Write(ctx context.Context, path string, src Source, o Options) (Summary, error) {
	c := src.Config()
	if _, ok := fileTypes[o.Type]; !ok {
		return Summary{}, fmt.Errorf("weights of type %v cannot be written: choose F32, F16, Q8_0 or Q4_0", o.Type)
	}
	if err := supported(&c); err != nil {
		return Summary{}, err
	}
	list := blocks(&c, o.Type)
	if len(list) > maxBlocks {
		return Summary{}, refuse("num_hidden_layers", fmt.Sprintf("%d layers are left, llama.cpp takes at most %d", len(list), maxBlocks), "export a model with fewer layers")
	}
	if err := checkTarget(path); err != nil {
		return Summary{}, err
	}
	tokens, err := tokenizerPairs(src, &c)
	if err != nil {
		return Summary{}, err
	}
	w := newWeights(src, &c, list, o.Type)
	sum := Summary{Architecture: architecture(list), Blocks: len(list)}
	metadata := append(modelPairs(&c, list, sum.Architecture, o), tokens...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return Summary{}, err
	}
	err = gguf.Write(ctx, path, metadata, w.infos, w, o.Progress)
	if errors.Is(err, gguf.ErrRange) {
		err = &checkpoint.InputError{
			File: "model.safetensors", Field: "weights", Problem: "cannot be stored as asked", Err: err,
			Remedy: "choose F32 weights; if that fails too, the checkpoint is damaged: make it again",
		}
	}
	return sum, err
}

// maxBlocks is llama.cpp's LLAMA_MAX_LAYERS.
const maxBlocks = 512

// supported refuses what a GGUF file cannot say or llama.cpp cannot compute.
func supported(c *checkpoint.Config) error {
	if c.ModelType != checkpoint.Llama {
		return refuse("model_type", fmt.Sprintf("is %q; only Llama models are written as GGUF", c.ModelType), "export it as a package instead")
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if e := c.Embedding; e != nil {
		const remedy = "export it as a package instead, or use a model that pools otherwise"
		switch {
		case e.HeadDims > 0:
			return refuse("effir_embedding.head_dims", fmt.Sprintf("is %d; llama.cpp has no dense head behind the pooling of Llama models", e.HeadDims), remedy)
		case e.Skip > 0:
			return refuse("effir_embedding.skip", fmt.Sprintf("is %d; llama.cpp's mean leaves no tokens out", e.Skip), remedy)
		}
	}
	return nil
}

// checkTarget refuses to replace what is not a GGUF file.
func checkTarget(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "GGUF" {
		return &checkpoint.InputError{
			File: path, Problem: "is there already and is not a GGUF file",
			Remedy: "choose another name, or remove it",
		}
	}
	return nil
}

func refuse(field, problem, remedy string) error {
	return &checkpoint.InputError{File: "config.json", Field: field, Problem: problem, Remedy: remedy}
}
