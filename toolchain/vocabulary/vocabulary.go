// Package vocabulary shows a checkpoint with fewer tokens: its tokenizer,
// configuration and token table without those that a use never needs, or can do
// without at the price of more tokens a text.
package vocabulary

import (
	"fmt"
	"regexp"
	"unicode"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/tokenizer"
)

// Model is a checkpoint.
type Model interface {
	Config() checkpoint.Config
	Tensor(name string) (checkpoint.Tensor, error)
	TokenizerJSON() ([]byte, error)
}

// unused are the entries that BERT vocabularies reserve for later.
var unused = regexp.MustCompile(`^\[unused\d+\]$`)

// WithoutUnused shows a BERT checkpoint without the vocabulary's [unusedN]
// entries: no text contains them, but each costs a row of the token table.
func WithoutUnused(src Model) (Model, error) {
	return withoutTokens(src, unused.MatchString)
}

// WithScripts shows a BERT checkpoint without the tokens that hold a letter of
// another script than the given ones ("Latin", "Greek"; Unicode's names). Words
// in other scripts become the unknown token: right for a model that was trained
// on one language and has the other scripts letter by letter only.
func WithScripts(src Model, scripts []string) (Model, error) {
	tables := []*unicode.RangeTable{unicode.Common, unicode.Inherited}
	for _, name := range scripts {
		table, ok := unicode.Scripts[name]
		if !ok {
			return nil, fmt.Errorf("vocabulary: script %q is unknown: use Unicode's names, such as Latin, Greek, Cyrillic", name)
		}
		tables = append(tables, table)
	}
	return withoutTokens(src, func(token string) bool {
		for _, r := range token {
			if unicode.IsLetter(r) && !unicode.In(r, tables...) {
				return true
			}
		}
		return false
	})
}

// WithTokensOf shows a BERT checkpoint with no tokens but those of a tokenizer:
// that of a package that was exported from it, say.
func WithTokensOf(src Model, t *tokenizer.Tokenizer) (Model, error) {
	return withoutTokens(src, func(token string) bool {
		_, ok := t.ID(token)
		return !ok
	})
}

// FirstMerges shows a checkpoint whose tokenizer is byte-level BPE with only the
// first n merges, the most frequent ones, and without the tokens that the others
// make. Texts become more tokens; the token table becomes smaller.
func FirstMerges(src Model, n int) (Model, error) {
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	cut, kept, err := tokenizer.TruncateMerges(text, n)
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	return reduce(src, cut, kept)
}

// withoutTokens shows a BERT checkpoint without some tokens. The ids behind them
// move up; tokenizer, configuration and table agree on the new ones.
func withoutTokens(src Model, drop func(token string) bool) (Model, error) {
	c := src.Config()
	if c.ModelType != checkpoint.Bert {
		return nil, fmt.Errorf("vocabulary: tokens can be left out of a BERT vocabulary only, this is a %s model", c.ModelType)
	}
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	cut, kept, err := tokenizer.DropTokens(text, drop)
	if err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	return reduce(src, cut, kept)
}

// reduce shows a checkpoint with another tokenizer, kept being the old id of each
// of its tokens.
func reduce(src Model, tokenizer []byte, kept []int32) (Model, error) {
	s := &reduced{Model: src, config: src.Config(), tokenizer: tokenizer, kept: kept}
	c := src.Config()
	if last := int(s.kept[len(s.kept)-1]); last >= c.VocabSize {
		return nil, fmt.Errorf("vocabulary: tokenizer.json has the id %d, vocab_size is %d", last, c.VocabSize)
	}
	s.config.VocabSize = len(s.kept)
	moved := make(map[int]int, len(s.kept))
	for id, old := range s.kept {
		moved[int(old)] = id
	}
	for _, id := range []**int{&s.config.PadTokenID, &s.config.BOSTokenID, &s.config.EOSTokenID} {
		if *id == nil {
			continue
		}
		n, ok := moved[**id]
		if !ok {
			*id = nil
			continue
		}
		*id = &n
	}
	return s, nil
}

// reduced is a checkpoint with fewer tokens.
type reduced struct {
	Model
	config    checkpoint.Config
	kept      []int32 // old id of each new one
	tokenizer []byte
}

// Config implements Model.
func (s *reduced) Config() checkpoint.Config { return s.config }

// TokenizerJSON implements Model.
func (s *reduced) TokenizerJSON() ([]byte, error) { return s.tokenizer, nil }

// tables are the token tables of the families, and the output projection that has
// a row a token, too.
var tables = map[string]bool{
	"embeddings.word_embeddings.weight": true,
	"model.embed_tokens.weight":         true,
	"lm_head.weight":                    true,
}

// Tensor implements Model.
func (s *reduced) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := s.Model.Tensor(name)
	if err != nil || !tables[name] {
		return t, err
	}
	if len(t.Shape) != 2 || t.Shape[0] <= int(s.kept[len(s.kept)-1]) {
		return t, fmt.Errorf("vocabulary: %s has shape %v, too few rows for the vocabulary", name, t.Shape)
	}
	columns := t.Shape[1]
	rows := make([]float32, 0, len(s.kept)*columns)
	for _, id := range s.kept {
		rows = append(rows, t.Data[int(id)*columns:][:columns]...)
	}
	t.Shape, t.Data = []int{len(s.kept), columns}, rows
	return t, nil
}
