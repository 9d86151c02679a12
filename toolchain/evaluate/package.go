package evaluate

import (
	"context"
	"io/fs"
	"strings"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// Package embeds with a model package, bit by bit as every host does.
type Package struct {
	encoder   *native.Encoder
	maxTokens int
}

// OpenPackage loads a model package. maxTokens, unless 0, cuts longer texts at
// the end of a word, so that packages and checkpoints read the same.
func OpenPackage(dir fs.FS, maxTokens int) (*Package, error) {
	e, err := native.Open(dir, native.Options{})
	if err != nil {
		return nil, err
	}
	return &Package{e, maxTokens}, nil
}

// Embed implements Embedder. A text without tokens gets a vector that is similar
// to nothing.
func (p *Package) Embed(ctx context.Context, texts []string, kind encoder.Kind) ([][]float32, error) {
	cut := make([]string, len(texts))
	for i, text := range texts {
		cut[i] = p.cut(text, kind)
	}
	vectors, err := p.encoder.Embed(ctx, cut, kind, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		if v == nil {
			vectors[i] = make([]float32, p.encoder.Dims())
		}
	}
	return vectors, nil
}

// cut returns the longest start of text, in whole words, that has at most
// maxTokens tokens.
func (p *Package) cut(text string, kind encoder.Kind) string {
	if p.maxTokens == 0 || p.fits(text, kind) {
		return text
	}
	ends := wordEnds(text)
	low, high := 1, len(ends) // one word is kept in any case
	for low < high {
		middle := (low + high + 1) / 2
		if p.fits(text[:ends[middle-1]], kind) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if len(ends) == 0 {
		return text
	}
	return text[:ends[low-1]]
}

func (p *Package) fits(text string, kind encoder.Kind) bool {
	ids, err := p.encoder.Tokens(text, kind)
	return err != nil || len(ids) <= p.maxTokens
}

// wordEnds returns the positions at which words between white space end.
func wordEnds(text string) []int {
	var ends []int
	at := 0
	for word := range strings.FieldsSeq(text) {
		at += strings.Index(text[at:], word) + len(word)
		ends = append(ends, at)
	}
	return ends
}
