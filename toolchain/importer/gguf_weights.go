package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// ggufWeights gives a GGUF file's tensors as a checkpoint.Source.
type ggufWeights struct {
	file   *gguf.File
	config checkpoint.Config
}

// newGGUFWeights checks that the file has exactly the tensors that the configuration demands: a
// missing one cannot be invented, and an unknown one means a computation that we do not do.
func newGGUFWeights(f *gguf.File, c checkpoint.Config) (*ggufWeights, error) {
	fail := func(field, problem string) error {
		return &checkpoint.InputError{File: f.Name(), Field: field, Problem: problem, Remedy: remedyModel}
	}
	known := map[string]bool{}
	for _, spec := range c.Tensors() {
		name := gguf.LlamaName(spec.Name)
		known[name] = true
		info, ok := f.Lookup(name)
		if !ok {
			return nil, fail(name, "is missing")
		}
		if !slices.Equal(info.Shape, spec.Shape) {
			return nil, fail(name, fmt.Sprintf("has shape %v, but the metadata demands %v", info.Shape, spec.Shape))
		}
	}
	for _, info := range f.Tensors() {
		if !known[info.Name] {
			return nil, fail(info.Name, "is no tensor of a plain Llama model (biases, scaled positions and experts are not supported)")
		}
	}
	return &ggufWeights{f, c}, nil
}

// Tensor implements checkpoint.Source.
func (w *ggufWeights) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := w.file.Tensor(gguf.LlamaName(name))
	if err != nil {
		return t, err
	}
	t.Name = name
	switch {
	case strings.HasSuffix(name, ".self_attn.q_proj.weight"):
		t.Data = gguf.SplitHalves(t.Data, w.config.NumAttentionHeads, w.config.HeadDim)
	case strings.HasSuffix(name, ".self_attn.k_proj.weight"):
		t.Data = gguf.SplitHalves(t.Data, w.config.NumKeyValueHeads, w.config.HeadDim)
	}
	return t, nil
}
