// Package export turns a checkpoint into a model package: it quantises weights,
// lays them out in the order in which kernels read them, and names everything by
// the hash of its content.
package export

import (
	"context"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/model"
)

// Source is the checkpoint to export.
type Source interface {
	Config() checkpoint.Config
	Tensor(name string) (checkpoint.Tensor, error)
	TokenizerJSON() ([]byte, error)
}

// Options say how. The zero value of a field means its default.
type Options struct {
	Name string // of the package; required

	// MaxTokens bounds a text. Default: what the checkpoint says, at most 512:
	// scratch memory grows with it, and passages are shorter.
	MaxTokens int

	// Layers exports only the first so many layers. Default all.
	Layers int

	// NoFinalNorm leaves the last residual stream as it is (Llama).
	NoFinalNorm bool

	// Embedding is how texts become vectors. Default (without Pooling): what the
	// checkpoint says, with the special tokens that its tokenizer adds; where it
	// says nothing, the mean over all tokens.
	Embedding model.Embedding

	// Head maps the pooled state to the vector. Default: the checkpoint's, if it
	// has one and Embedding is its own.
	Head *Head

	// Precision says in how many bits tensors are stored.
	Precision Precision

	// Rounder moves the weights of the layers' matrices before they are packed.
	// Default: none.
	Rounder Rounder

	// Progress is told how many of how many tensors are done.
	Progress func(done, total int)
}

// Head is a dense layer behind pooling. Embedding.Unit says whether it reads the
// pooled state as it is or at length one.
type Head struct {
	Weight []float32 // [hidden, dims]
	Bias   []float32 // [dims]
}

// Export writes the package to the folder dir, which appears complete or not at all.
func Export(ctx context.Context, src Source, dir string, o Options) (*model.Manifest, error) {
	if o.Rounder != nil {
		src = rounded{src, o.Rounder}
	}
	f, err := familyOf(src)
	if err != nil {
		return nil, err
	}
	if err := o.resolve(src); err != nil {
		return nil, err
	}
	m, err := plan(src, f, &o)
	if err != nil {
		return nil, err
	}
	tokens, err := tokenizerFile(src, m.Vocab())
	if err != nil {
		return nil, err
	}
	w, err := newWriter(dir)
	if err != nil {
		return nil, err
	}
	defer w.abort()
	if m.Tokenizer, err = w.file(tokens); err != nil {
		return nil, err
	}
	todo := m.Slots()
	if err := o.Precision.check(todo); err != nil {
		return nil, err
	}
	// The token table comes last, in chunks of its own: loaders fetch the rest of
	// the image first, by whole files, which servers send compressed.
	at := slices.IndexFunc(todo, func(s model.Slot) bool { return s.Name == tokenTable })
	table := todo[at]
	todo = append(slices.Delete(todo, at, at+1), table)
	for i, slot := range todo {
		if slot.Name == tokenTable {
			if err := w.endChunk(); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		values, err := headOr(f, m, slot, o.Head)
		if err != nil {
			return nil, err
		}
		kind := o.Precision.typeOf(slot)
		if err := w.tensor(model.Tensor{Name: slot.Name, Type: kind, Shape: slot.Shape}, pack(kind, values)); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(todo))
		}
	}
	return m, w.finish(m)
}

// tokenTable is the tensor of which a text reads but few rows; every family has it.
const tokenTable = "embedding"

// headOr returns the values of a tensor: the head's, which all families share, or
// the family's.
func headOr(f family, m *model.Manifest, slot model.Slot, head *Head) (matrix, error) {
	switch slot.Name {
	case "head_weight":
		return vector(head.Weight, nil)
	case "head_bias":
		return vector(head.Bias, nil)
	}
	return f.values(m, slot)
}
