package export

import (
	"fmt"
	"regexp"
	"unicode"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/tokenizer"
)

// unused are the entries that BERT vocabularies reserve for later.
var unused = regexp.MustCompile(`^\[unused\d+\]$`)

// WithoutUnused shows a BERT checkpoint without the vocabulary's [unusedN]
// entries: no text contains them, but each costs a row of the token table.
func WithoutUnused(src Source) (Source, error) {
	return withoutTokens(src, unused.MatchString)
}

// WithScripts shows a BERT checkpoint without the tokens that hold a letter of
// another script than the given ones ("Latin", "Greek"; Unicode's names). Words
// in other scripts become the unknown token: right for a model that was trained
// on one language and has the other scripts letter by letter only.
func WithScripts(src Source, scripts []string) (Source, error) {
	tables := []*unicode.RangeTable{unicode.Common, unicode.Inherited}
	for _, name := range scripts {
		table, ok := unicode.Scripts[name]
		if !ok {
			return nil, fmt.Errorf("export: script %q is unknown: use Unicode's names, such as Latin, Greek, Cyrillic", name)
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
func WithTokensOf(src Source, t *tokenizer.Tokenizer) (Source, error) {
	return withoutTokens(src, func(token string) bool {
		_, ok := t.ID(token)
		return !ok
	})
}

// withoutTokens shows a BERT checkpoint without some tokens. The ids behind them
// move up; tokenizer, configuration and table agree on the new ones.
func withoutTokens(src Source, drop func(token string) bool) (Source, error) {
	c := src.Config()
	if c.ModelType != checkpoint.Bert {
		return nil, fmt.Errorf("export: tokens can be left out of a BERT vocabulary only, this is a %s model", c.ModelType)
	}
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	s := &reduced{Source: src, config: c}
	if s.tokenizer, s.kept, err = tokenizer.DropTokens(text, drop); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if last := int(s.kept[len(s.kept)-1]); last >= c.VocabSize {
		return nil, fmt.Errorf("export: tokenizer.json has the id %d, vocab_size is %d", last, c.VocabSize)
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
	Source
	config    checkpoint.Config
	kept      []int32 // old id of each new one
	tokenizer []byte
}

// Config implements Source.
func (s *reduced) Config() checkpoint.Config { return s.config }

// TokenizerJSON implements Source.
func (s *reduced) TokenizerJSON() ([]byte, error) { return s.tokenizer, nil }

// Tensor implements Source.
func (s *reduced) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := s.Source.Tensor(name)
	if err != nil || name != "embeddings.word_embeddings.weight" {
		return t, err
	}
	if len(t.Shape) != 2 || t.Shape[0] <= int(s.kept[len(s.kept)-1]) {
		return t, fmt.Errorf("export: %s has shape %v, too few rows for the vocabulary", name, t.Shape)
	}
	columns := t.Shape[1]
	rows := make([]float32, 0, len(s.kept)*columns)
	for _, id := range s.kept {
		rows = append(rows, t.Data[int(id)*columns:][:columns]...)
	}
	t.Shape, t.Data = []int{len(s.kept), columns}, rows
	return t, nil
}
