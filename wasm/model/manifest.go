// Package model reads model packages: a manifest (model.json) beside files that
// are named by the SHA-256 of their content. The manifest places tensors in one
// weights image, which is stored in chunks and copied as it is into kernel memory.
//
// Everything here is hostile input: sizes, counts and ranges are checked before
// anything is allocated by them.
package model

import (
	"errors"

	"github.com/effir/effir/wasm/internal/jsontext"
)

// Format names the version of the manifest that this package reads and writes.
const Format = "effir-model/1"

// FileName is the manifest's name in a package directory.
const FileName = "model.json"

// ChunkSize is the greatest size of a chunk of the weights image.
const ChunkSize = 4 << 20

// Limits of what is accepted; a manifest beyond them is refused by name.
const (
	maxManifest = 4 << 20
	maxLayers   = 512
	maxWidth    = 1 << 14
	maxTokens   = 1 << 15
	maxVocab    = 1 << 21
	maxImage    = 1<<32 - 1<<24
)

// Manifest describes a model package. Exactly the section that Family names is given.
type Manifest struct {
	Format  string `json:"format"`
	Name    string `json:"name"`
	License string `json:"license"`
	Source  string `json:"source,omitempty"`
	Family  string `json:"family"` // "llama" or "bert"

	// Dims is the length of an embedding, MaxTokens the longest text in tokens
	// (the first and last that Prefix and Suffix add included).
	Dims      int `json:"dims"`
	MaxTokens int `json:"max_tokens"`

	Llama     *Llama    `json:"llama,omitempty"`
	Bert      *Bert     `json:"bert,omitempty"`
	Embedding Embedding `json:"embedding"`
	Tokenizer File      `json:"tokenizer"`
	Weights   Image     `json:"weights"`
	Tensors   []Tensor  `json:"tensors"`
}

// Embedding says how a text becomes a vector: which token ids surround it, and
// how hidden states are pooled. The vector always has length one.
type Embedding struct {
	Pooling string  `json:"pooling"` // "mean", "last" or "cls", the first position
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

// Parse reads and checks a manifest. An error names the field and the remedy.
func Parse(b []byte) (*Manifest, error) {
	if len(b) > maxManifest {
		return nil, bad("size", "larger than 4 MiB; this is no model manifest")
	}
	o, err := jsontext.Parse(b)
	if err != nil {
		return nil, errors.New("model.json: not a manifest: " + err.Error() + "; export the model again")
	}
	m := read(o)
	if err := o.Err(); err != nil {
		return nil, errors.New("model.json: not a manifest: " + err.Error() + "; export the model again")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}
