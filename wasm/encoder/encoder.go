// Package encoder turns texts into vectors: it drives the kernels through the
// forward pass of the model family that a package names.
package encoder

import (
	"errors"
	"unsafe"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/tokenizer"
)

// Kind says what a text is: models prefix queries and passages differently.
type Kind int

// The kinds of text.
const (
	Query Kind = iota
	Passage
)

// ErrEmpty is returned for a text without a single token.
var ErrEmpty = errors.New("encoder: the text is empty: there is nothing to embed")

// Encoder embeds texts with one model. It is immutable: concurrent work goes
// through one [Session] for each goroutine.
type Encoder struct {
	kernels   kernel.Kernels
	manifest  *model.Manifest
	tokenizer *tokenizer.Tokenizer
	network   network
	plan      plan
	head      dense
}

// dense is where the head's tensors lie.
type dense struct{ weight, bias kernel.Ptr }

// New returns an encoder over a weights image that lies at weights in the
// memory of k.
func New(k kernel.Kernels, m *model.Manifest, weights kernel.Ptr, t *tokenizer.Tokenizer) (*Encoder, error) {
	if t.Len() > m.Vocab() {
		return nil, errors.New("encoder: the tokenizer has more tokens than the embedding table has rows; export the model again")
	}
	at := newTensors(m, weights)
	e := &Encoder{kernels: k, manifest: m, tokenizer: t, head: dense{at.pointer("head_weight"), at.pointer("head_bias")}}
	switch m.Family {
	case "llama":
		e.network, e.plan = newLlama(m, at)
	case "bert":
		e.network, e.plan = newBert(m, at)
	default:
		return nil, errors.New("encoder: no network for family " + m.Family)
	}
	return e, nil
}

// Dims returns the length of an embedding.
func (e *Encoder) Dims() int { return e.manifest.Dims }

// Tokens appends the ids that the network sees for a text: prefix, text cut to
// what fits, suffix. Only a text without tokens is an error.
func (e *Encoder) Tokens(dst []int32, text string, kind Kind) ([]int32, error) {
	var buffer []byte
	return e.tokens(dst, &buffer, text, kind)
}

// tokens is Tokens with the memory in which the text is put together.
func (e *Encoder) tokens(dst []int32, buffer *[]byte, text string, kind Kind) ([]int32, error) {
	how := &e.manifest.Embedding
	lead := how.Query
	if kind == Passage {
		lead = how.Passage
	}
	whole := clip(text, e.manifest.MaxTokens)
	if lead != "" { // joined before tokenizing: a token may span the border
		*buffer = append(append((*buffer)[:0], lead...), whole...)
		whole = unsafe.String(unsafe.SliceData(*buffer), len(*buffer))
	}
	start := len(dst)
	dst = append(dst, how.Prefix...)
	textStart := len(dst)
	dst = e.tokenizer.Encode(dst, whole)
	if text == "" || len(dst) == textStart {
		return dst[:start], ErrEmpty
	}
	if room := e.manifest.MaxTokens - len(how.Suffix); len(dst)-start > room {
		dst = dst[:start+room]
	}
	return append(dst, how.Suffix...), nil
}

// clip bounds the work on huge texts: what lies far behind the last token that
// can count is not even tokenized. 64 bytes a token are more than any vocabulary
// needs on text; only runs of one repeated character come near.
func clip(text string, tokens int) string {
	if limit := 64 * tokens; len(text) > limit {
		return text[:limit]
	}
	return text
}
