//go:build !wasm

package tokenizer

import (
	"encoding/json"
	"errors"
	"strconv"
)

// ParseJSON reads a tokenizer.json of the Hugging Face tokenizers library: a
// BPE model at byte level with the pre-tokenizer of SmolLM2, GPT-2, Llama 3 or
// Qwen 2 and no normalizer. Everything else that would change ids is refused by
// an error that names the field. Templates (post_processor), truncation and
// padding are not read; they are the caller's.
func ParseJSON(b []byte) (*Tokenizer, error) {
	var f jsonFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errors.New("tokenizer: tokenizer.json: " + err.Error())
	}
	if f.Normalizer != nil {
		return nil, refuse("normalizer", "must be null")
	}
	v := Vocabulary{IgnoreMerges: f.Model.IgnoreMerges}
	var err error
	if v.PreTokenizer, err = f.PreTokenizer.kind(); err != nil {
		return nil, err
	}
	if f.Decoder != nil && f.Decoder.Type != "ByteLevel" {
		return nil, refuse("decoder.type", "must be ByteLevel")
	}
	if err := f.Model.check(); err != nil {
		return nil, err
	}
	if v.Merges, err = f.Model.mergeLines(); err != nil {
		return nil, err
	}
	if err := f.tokens(&v); err != nil {
		return nil, err
	}
	return FromVocab(v)
}

// JSON returns a tokenizer.json that the tokenizers library loads and that gives
// the same ids. It has no post_processor.
func (t *Tokenizer) JSON() ([]byte, error) {
	v := t.vocabulary()
	if _, err := FromVocab(v); err != nil {
		return nil, err // Parse accepts some vocabularies that cannot be written
	}
	f := jsonFile{
		Version:      "1.0",
		AddedTokens:  []jsonAdded{},
		PreTokenizer: jsonPreTokenizerOf(t.pre),
		Decoder:      &jsonStep{Type: "ByteLevel", AddPrefixSpace: yes, TrimOffsets: yes, UseRegex: yes},
		Model: jsonModel{
			Type: "BPE", Vocab: make(map[string]int32, len(v.Tokens)), IgnoreMerges: v.IgnoreMerges,
		},
	}
	for id, token := range v.Tokens {
		f.Model.Vocab[token] = int32(id)
		if kind := v.Kinds[id]; kind != Normal {
			f.AddedTokens = append(f.AddedTokens, jsonAdded{ID: int32(id), Content: token, Special: kind == Special})
		}
	}
	var err error
	if f.Model.Merges, err = json.Marshal(v.Merges); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// vocabulary is the inverse of FromVocab.
func (t *Tokenizer) vocabulary() Vocabulary {
	v := Vocabulary{
		Tokens:       make([]string, t.Len()),
		Kinds:        make([]Kind, t.Len()),
		Merges:       make([]string, len(t.merges.list)),
		PreTokenizer: t.pre,
		IgnoreMerges: t.ignoreMerges,
	}
	for _, a := range t.added {
		v.Kinds[a.id] = Added
		if a.special {
			v.Kinds[a.id] = Special
		}
	}
	for id := range v.Tokens {
		v.Tokens[id] = t.token(int32(id))
		if v.Kinds[id] == Normal {
			v.Tokens[id] = string(appendAlphabet(nil, v.Tokens[id]))
		}
	}
	for rank, m := range t.merges.list {
		v.Merges[rank] = v.Tokens[m.left] + " " + v.Tokens[m.right]
	}
	return v
}

// tokens orders the vocabulary and the added tokens by id.
func (f *jsonFile) tokens(v *Vocabulary) error {
	n := len(f.Model.Vocab)
	for _, a := range f.AddedTokens {
		if _, ok := f.Model.Vocab[a.Content]; !ok {
			n++
		}
	}
	v.Tokens, v.Kinds = make([]string, n), make([]Kind, n)
	set := func(field string, id int32, token string, kind Kind) error {
		if id < 0 || int(id) >= n {
			return refuse(field, "gives "+strconv.Quote(token)+" the id "+strconv.Itoa(int(id))+
				", but ids must be 0 to "+strconv.Itoa(n-1)+" without gaps")
		}
		if old := v.Tokens[id]; old != "" && old != token {
			return refuse(field, "gives "+strconv.Quote(token)+" the id of "+strconv.Quote(old))
		}
		v.Tokens[id], v.Kinds[id] = token, kind
		return nil
	}
	for token, id := range f.Model.Vocab {
		if err := set("model.vocab", id, token, Normal); err != nil {
			return err
		}
	}
	for i, a := range f.AddedTokens {
		field := "added_tokens[" + strconv.Itoa(i) + "]"
		switch {
		case a.SingleWord || a.LStrip || a.RStrip:
			return refuse(field, "must not have single_word, lstrip or rstrip")
		case a.Normalized != f.AddedTokens[0].Normalized:
			return refuse(field+".normalized", "must be the same for all added tokens")
		case a.Content == "":
			return refuse(field+".content", "is empty")
		}
		kind := Added
		if a.Special {
			kind = Special
		}
		if err := set(field, a.ID, a.Content, kind); err != nil {
			return err
		}
	}
	for id, token := range v.Tokens {
		if token == "" {
			return refuse("model.vocab", "has no token of id "+strconv.Itoa(id))
		}
	}
	return nil
}

// mergeLines returns the merges as "left right"; files have them so or as pairs.
func (m *jsonModel) mergeLines() ([]string, error) {
	var lines []string
	if json.Unmarshal(m.Merges, &lines) == nil {
		return lines, nil
	}
	var pairs [][]string
	if json.Unmarshal(m.Merges, &pairs) != nil {
		return nil, refuse("model.merges", "must be a list of \"left right\" or of [left, right]")
	}
	lines = make([]string, len(pairs))
	for i, p := range pairs {
		if len(p) != 2 {
			return nil, refuse("model.merges["+strconv.Itoa(i)+"]", "must be [left, right]")
		}
		lines[i] = p[0] + " " + p[1]
	}
	return lines, nil
}

func refuse(field, what string) error {
	return errors.New("tokenizer: tokenizer.json: " + field + " " + what)
}
