// Package model reads model packages: a manifest (model.json) beside files that
// are named by the SHA-256 of their content. The manifest places tensors in one
// weights image, which is stored in chunks and copied as it is into kernel memory.
//
// Everything here is hostile input: sizes, counts and ranges are checked before
// anything is allocated by them.
package model

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
)

// Format names the version of the manifest that this package reads and writes.
const Format = "effir-model/1"

// FileName is the manifest's name in a package directory.
const FileName = "model.json"

// ChunkSize is the size of every chunk of the weights image but the last.
const ChunkSize = 4 << 20

// Limits of what is accepted; a manifest beyond them is refused by name.
const (
	maxManifest = 4 << 20
	maxLayers   = 512
	maxWidth    = 1 << 16
	maxTokens   = 1 << 15
	maxVocab    = 1 << 21
	maxImage    = 1<<32 - 1<<24
)

// Manifest describes a model package.
type Manifest struct {
	Format  string `json:"format"`
	Name    string `json:"name"`
	License string `json:"license"`
	Source  string `json:"source,omitempty"`
	Family  string `json:"family"`

	// Dims is the length of an embedding, MaxTokens the longest text in tokens
	// (the first and last that Prefix and Suffix add included).
	Dims      int `json:"dims"`
	MaxTokens int `json:"max_tokens"`

	Llama     *Llama    `json:"llama,omitempty"`
	Embedding Embedding `json:"embedding"`
	Tokenizer File      `json:"tokenizer"`
	Weights   Image     `json:"weights"`
	Tensors   []Tensor  `json:"tensors"`
}

// Llama is the shape of an encoder of the Llama family. Widths are those of the
// stored tensors, padded to what the kernels ask for.
type Llama struct {
	Hidden  int     `json:"hidden"`
	Heads   int     `json:"heads"`
	KVHeads int     `json:"kv_heads"`
	HeadDim int     `json:"head_dim"`
	Vocab   int     `json:"vocab"`
	Epsilon float32 `json:"rms_norm_eps"`
	Causal  bool    `json:"causal"`
	// MLP holds the intermediate width of every layer; 0 where the layer has no
	// MLP. Its length is the number of layers.
	MLP []int `json:"mlp"`
	// FinalNorm says that the last residual stream is normalised.
	FinalNorm bool `json:"final_norm"`
}

// Embedding says how a text becomes a vector: which token ids surround it, and
// how hidden states are pooled. The vector always has length one.
type Embedding struct {
	Pooling string  `json:"pooling"` // "mean" or "last"
	Skip    int     `json:"skip"`    // leading positions left out of the mean
	Prefix  []int32 `json:"prefix,omitempty"`
	Suffix  []int32 `json:"suffix,omitempty"`
	// Query and Passage are put before the text of that kind.
	Query   string `json:"query,omitempty"`
	Passage string `json:"passage,omitempty"`
	// Head says that a dense layer maps the pooled state to the vector.
	Head bool `json:"head,omitempty"`
	// Unit says that the pooled state is scaled to length one before the head.
	Unit bool `json:"unit,omitempty"`
}

// File is a file of the package, named by the hex SHA-256 of its content.
type File struct {
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// FileName returns the file's name in the package directory.
func (f File) FileName() string { return f.SHA256 + ".bin" }

// Image is the weights image: the concatenation of its chunks.
type Image struct {
	Bytes  int    `json:"bytes"`
	Chunks []File `json:"chunks"`
}

// Tensor is a range of the weights image. Types: "f32", "q4" (kernel.PackQ4,
// shape [outputs, inputs]) and "q8rows" (kernel.PackQ8Rows, shape [rows, columns]).
type Tensor struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Shape  []int  `json:"shape"`
	Offset int    `json:"offset"`
	Bytes  int    `json:"bytes"`
}

// Parse reads and checks a manifest. An error names the field and the remedy.
func Parse(b []byte) (*Manifest, error) {
	if len(b) > maxManifest {
		return nil, bad("size", "larger than 4 MiB; this is no model manifest")
	}
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, errors.New("model.json: not a manifest: " + err.Error() + "; export the model again")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) check() error {
	if m.Format != Format {
		return bad("format", "is "+strconv.Quote(m.Format)+", this runtime reads "+Format+"; export the model again or update the runtime")
	}
	if m.Family != "llama" || m.Llama == nil {
		return bad("family", "is "+strconv.Quote(m.Family)+" or lacks its section; supported: llama")
	}
	if m.MaxTokens < 1 || m.MaxTokens > maxTokens {
		return bad("max_tokens", "must be in 1.."+strconv.Itoa(maxTokens))
	}
	if err := m.Llama.check(); err != nil {
		return err
	}
	if m.Dims < 16 || m.Dims > m.Llama.Hidden || m.Dims%16 != 0 {
		return bad("dims", "must be a multiple of 16, at most llama.hidden")
	}
	if !m.Embedding.Head && m.Dims != m.Llama.Hidden {
		return bad("dims", "must equal llama.hidden where no head maps it")
	}
	if err := m.Embedding.check(m); err != nil {
		return err
	}
	if err := m.Tokenizer.check("tokenizer", 64<<20); err != nil {
		return err
	}
	if err := m.Weights.check(); err != nil {
		return err
	}
	return m.checkTensors()
}

func (l *Llama) check() error {
	within := func(name string, value, limit, multiple int) error {
		if value < 1 || value > limit || value%multiple != 0 {
			return bad("llama."+name, "is "+strconv.Itoa(value)+", must be a multiple of "+strconv.Itoa(multiple)+" in 1.."+strconv.Itoa(limit))
		}
		return nil
	}
	err := errors.Join(
		within("hidden", l.Hidden, maxWidth/4, 32),
		within("heads", l.Heads, 1024, 1),
		within("kv_heads", l.KVHeads, 1024, 1),
		within("head_dim", l.HeadDim, 1024, 16),
		within("vocab", l.Vocab, maxVocab, 1),
		within("mlp (its length)", len(l.MLP), maxLayers, 1),
	)
	if err != nil {
		return err
	}
	if l.Heads%l.KVHeads != 0 {
		return bad("llama.kv_heads", "does not divide llama.heads")
	}
	if l.Heads*l.HeadDim%32 != 0 || l.Heads*l.HeadDim > maxWidth/4 {
		return bad("llama.head_dim", "times heads must be a multiple of 32, at most 16384")
	}
	if !(l.Epsilon > 0 && l.Epsilon < 1) {
		return bad("llama.rms_norm_eps", "must lie between 0 and 1")
	}
	for i, width := range l.MLP {
		if width < 0 || width > maxWidth/4 || width%32 != 0 {
			return bad("llama.mlp["+strconv.Itoa(i)+"]", "must be 0 or a multiple of 32, at most 16384")
		}
	}
	return nil
}

func (e *Embedding) check(m *Manifest) error {
	if e.Pooling != "mean" && e.Pooling != "last" {
		return bad("embedding.pooling", "must be mean or last")
	}
	if around := len(e.Prefix) + len(e.Suffix); around >= m.MaxTokens {
		return bad("embedding.prefix", "and suffix leave no room for text within max_tokens")
	}
	if e.Skip < 0 || e.Skip > len(e.Prefix) {
		return bad("embedding.skip", "must be in 0..length of prefix")
	}
	for _, ids := range [][]int32{e.Prefix, e.Suffix} {
		for _, id := range ids {
			if id < 0 || int(id) >= m.Llama.Vocab {
				return bad("embedding.prefix", "or suffix holds a token id outside the vocabulary")
			}
		}
	}
	return nil
}

func (f File) check(field string, limit int) error {
	if raw, err := hex.DecodeString(f.SHA256); err != nil || len(raw) != 32 {
		return bad(field+".sha256", "must be 64 hex digits")
	}
	for _, c := range f.SHA256 {
		if c >= 'A' && c <= 'F' {
			return bad(field+".sha256", "must be lower case")
		}
	}
	if f.Bytes < 1 || f.Bytes > limit {
		return bad(field+".bytes", "must be in 1.."+strconv.Itoa(limit))
	}
	return nil
}

func (w *Image) check() error {
	if w.Bytes < 1 || w.Bytes > maxImage {
		return bad("weights.bytes", "must be positive and fit into a 4 GiB memory")
	}
	sum := 0
	for i, c := range w.Chunks {
		field := "weights.chunks[" + strconv.Itoa(i) + "]"
		if err := c.check(field, ChunkSize); err != nil {
			return err
		}
		sum += c.Bytes
	}
	if sum != w.Bytes {
		return bad("weights.bytes", "is not the sum of its chunks")
	}
	return nil
}

// bad makes the error of one field of the manifest.
func bad(field, problem string) error {
	return errors.New("model.json: " + field + " " + problem)
}
