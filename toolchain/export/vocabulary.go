package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// unused are the entries that BERT vocabularies reserve for later.
var unused = regexp.MustCompile(`^\[unused\d+\]$`)

// WithoutUnused shows a BERT checkpoint without the vocabulary's [unusedN]
// entries: no text contains them, but each costs a row of the token table. The
// ids behind them move up; tokenizer and table agree on the new ones.
func WithoutUnused(src Source) (Source, error) {
	c := src.Config()
	if c.ModelType != checkpoint.Bert {
		return nil, fmt.Errorf("export: only a BERT vocabulary has unused entries")
	}
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("export: tokenizer.json: %w", err)
	}
	section, _ := file["model"].(map[string]any)
	vocab, ok := section["vocab"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("export: tokenizer.json has no model.vocab")
	}
	s := &reduced{Source: src, config: c}
	moved, err := s.choose(vocab)
	if err != nil {
		return nil, err
	}
	if err := renumber(file, moved); err != nil {
		return nil, err
	}
	s.config.VocabSize = len(s.kept)
	for _, id := range []**int{&s.config.PadTokenID, &s.config.BOSTokenID, &s.config.EOSTokenID} {
		if *id != nil {
			n := moved[**id]
			*id = &n
		}
	}
	s.tokenizer, err = json.Marshal(file)
	return s, err
}

// reduced is a checkpoint with fewer tokens.
type reduced struct {
	Source
	config    checkpoint.Config
	kept      []int // old id of each new one
	tokenizer []byte
}

// choose fills kept and the vocabulary's new ids, and returns the new id of each
// old one that stays.
func (s *reduced) choose(vocab map[string]any) (moved map[int]int, err error) {
	tokens := make(map[int]string, len(vocab))
	for token, value := range vocab {
		id, ok := value.(float64)
		if _, twice := tokens[int(id)]; !ok || twice || id != float64(int(id)) || id < 0 || int(id) >= s.config.VocabSize {
			return nil, fmt.Errorf("export: tokenizer.json: token %q has the id %v, want one of its own below vocab_size %d", token, value, s.config.VocabSize)
		}
		tokens[int(id)] = token
	}
	moved = make(map[int]int, len(tokens))
	for _, id := range slices.Sorted(maps.Keys(tokens)) {
		if unused.MatchString(tokens[id]) {
			delete(vocab, tokens[id])
			continue
		}
		moved[id] = len(s.kept)
		vocab[tokens[id]] = len(s.kept)
		s.kept = append(s.kept, id)
	}
	if len(s.kept) == 0 {
		return nil, fmt.Errorf("export: tokenizer.json has no tokens but unused ones")
	}
	return moved, nil
}

// renumber moves the ids in the rest of tokenizer.json.
func renumber(file map[string]any, moved map[int]int) error {
	renew := func(value any) (any, error) {
		id, _ := value.(float64)
		next, ok := moved[int(id)]
		if !ok {
			return nil, fmt.Errorf("export: tokenizer.json: id %v is used but not in model.vocab", value)
		}
		return next, nil
	}
	added, _ := file["added_tokens"].([]any)
	var kept []any
	for _, entry := range added {
		token, _ := entry.(map[string]any)
		if content, _ := token["content"].(string); unused.MatchString(content) {
			continue
		}
		id, err := renew(token["id"])
		if err != nil {
			return err
		}
		token["id"] = id
		kept = append(kept, token)
	}
	file["added_tokens"] = kept
	post, _ := file["post_processor"].(map[string]any)
	for _, key := range []string{"cls", "sep"} {
		if pair, _ := post[key].([]any); len(pair) == 2 {
			id, err := renew(pair[1])
			if err != nil {
				return err
			}
			pair[1] = id
		}
	}
	special, _ := post["special_tokens"].(map[string]any)
	for _, entry := range special {
		token, _ := entry.(map[string]any)
		ids, _ := token["ids"].([]any)
		for i := range ids {
			id, err := renew(ids[i])
			if err != nil {
				return err
			}
			ids[i] = id
		}
	}
	return nil
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
	if len(t.Shape) != 2 || t.Shape[0] <= s.kept[len(s.kept)-1] {
		return t, fmt.Errorf("export: %s has shape %v, too few rows for the vocabulary", name, t.Shape)
	}
	columns := t.Shape[1]
	rows := make([]float32, 0, len(s.kept)*columns)
	for _, id := range s.kept {
		rows = append(rows, t.Data[id*columns:][:columns]...)
	}
	t.Shape, t.Data = []int{len(s.kept), columns}, rows
	return t, nil
}
