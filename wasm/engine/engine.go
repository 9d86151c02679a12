// Package engine is what every host runs: it holds one model and one search
// index and answers with embeddings and hits. A guest in a browser, a worker at
// the edge and a native process differ only in the kernels they bring.
//
// # Memory
//
// A wasm memory never shrinks, so what is taken once is the peak. The kernels'
// memory holds [kernel.Reserved] bytes, the weights image (weights.bytes of the
// manifest), the scratch of one session for texts up to max_tokens (the formula of
// [encoder.Encoder.ScratchBytes]), and with vectors n*d + d + 8n bytes, and up to
// 32 KiB, for n passages of d dims, d rounded up to 16; all of it rounded up to
// 64 KiB. The rest, tokenizer, manifest and Go's runtime, is the guest's own memory:
// 5 MB before the tokenizer, some 7 MB with BERT's vocabulary of 30,000, 8 MB with
// 50,000 byte pairs, and on top of it keyword index and passages as they are. So
// without an index the peak is model bytes + scratch + at most 12 MB.
package engine

import (
	"errors"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// Engine is not safe for concurrent use.
type Engine struct {
	kernels  kernel.Kernels
	manifest *model.Manifest
	weights  kernel.Ptr
	session  *encoder.Session
	vector   []float32
	ids      []int32 // of Reads, sorted
	rows     []Range // of Reads
	search   search
}

// New returns an engine without model and index.
func New(k kernel.Kernels) *Engine { return &Engine{kernels: k} }

// Errors of calls that come before what they need.
var (
	ErrNoModel = errors.New("engine: no model is loaded: give it the manifest, the weights and the tokenizer first")
	ErrNoIndex = errors.New("engine: no search index is loaded")
)

// SetManifest reads model.json and reserves kernel memory for the weights. It
// returns the offset to which the host copies the weights image.
func (e *Engine) SetManifest(b []byte) (kernel.Ptr, error) {
	if e.manifest != nil {
		return 0, errors.New("engine: a model is loaded already: open a new engine for another one")
	}
	m, err := model.Parse(b)
	if err != nil {
		return 0, err
	}
	if e.weights, err = e.kernels.Alloc(m.Weights.Bytes); err != nil {
		return 0, err
	}
	e.manifest = m
	return e.weights, nil
}

// Manifest returns the loaded manifest or nil.
func (e *Engine) Manifest() *model.Manifest { return e.manifest }

// Weights returns the offset of the weights image in kernel memory.
func (e *Engine) Weights() kernel.Ptr { return e.weights }

// SetTokenizer reads the tokenizer and makes the encoder ready. By the time of
// the first Embed the weights must be in place.
func (e *Engine) SetTokenizer(b []byte) error {
	if e.manifest == nil {
		return ErrNoModel
	}
	t, err := tokenizer.Parse(b)
	if err != nil {
		return err
	}
	enc, err := encoder.New(e.kernels, e.manifest, e.weights, t)
	if err != nil {
		return err
	}
	session, err := enc.NewSession(0)
	if err != nil {
		return err
	}
	e.session, e.vector = session, make([]float32, enc.Dims())
	return nil
}

// Embed returns the embedding of a text, valid until the next call, and the
// number of tokens it had.
func (e *Engine) Embed(text string, kind encoder.Kind) ([]float32, int, error) {
	if e.session == nil {
		return nil, 0, ErrNoModel
	}
	tokens, err := e.session.Embed(e.vector, text, kind)
	return e.vector, tokens, err
}
