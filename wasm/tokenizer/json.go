//go:build !wasm

package tokenizer

import (
	"encoding/json"
	"errors"
	"strconv"
)

// ParseJSON reads a tokenizer.json of the Hugging Face tokenizers library: a
// BPE model at byte level with the pre-tokenizer of SmolLM2, GPT-2, Llama 3 or
// Qwen 2 and no normalizer, or a WordPiece model with BERT's normalizer and
// pre-tokenizer. Everything else that would change ids is refused by an error
// that names the field. Templates (post_processor), truncation and padding are
// not read; they are the caller's.
func ParseJSON(b []byte) (*Tokenizer, error) {
	var f jsonFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errors.New("tokenizer: tokenizer.json: " + err.Error())
	}
	if f.Model.Type == "WordPiece" {
		return f.wordPieces()
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
	if v.Tokens, v.Kinds, err = f.tokens(); err != nil {
		return nil, err
	}
	return FromVocab(v)
}

// JSON returns a tokenizer.json that the tokenizers library loads and that gives
// the same ids. It has no post_processor.
func (t *Tokenizer) JSON() ([]byte, error) {
	return t.model.(interface{ json() ([]byte, error) }).json()
}

func (m *bytePairs) json() ([]byte, error) {
	v := m.vocabulary()
	if _, err := FromVocab(v); err != nil {
		return nil, err // Parse accepts some vocabularies that cannot be written
	}
	f := jsonFile{
		Version:      "1.0",
		PreTokenizer: jsonPreTokenizerOf(m.pre),
		Decoder:      &jsonStep{Type: "ByteLevel", AddPrefixSpace: yes, TrimOffsets: yes, UseRegex: yes},
		Model: jsonModel{
			Type: "BPE", IgnoreMerges: v.IgnoreMerges,
		},
	}
	f.setTokens(v.Tokens, v.Kinds)
	var err error
	if f.Model.Merges, err = json.Marshal(v.Merges); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}

// vocabulary is the inverse of FromVocab.
func (m *bytePairs) vocabulary() Vocabulary {
	v := Vocabulary{
		Tokens:       make([]string, m.count()),
		Kinds:        m.kinds(),
		Merges:       make([]string, len(m.merges.list)),
		PreTokenizer: m.pre,
		IgnoreMerges: m.ignoreMerges,
	}
	for id := range v.Tokens {
		v.Tokens[id] = m.token(int32(id))
		if v.Kinds[id] == Normal {
			v.Tokens[id] = string(appendAlphabet(nil, v.Tokens[id]))
		}
	}
	for rank, pair := range m.merges.list {
		v.Merges[rank] = v.Tokens[pair.left] + " " + v.Tokens[pair.right]
	}
	return v
}

// kinds returns the kinds of all tokens.
func (t *tokens) kinds() []Kind {
	kinds := make([]Kind, t.count())
	for _, a := range t.added {
		kinds[a.id] = Added
		if a.special {
			kinds[a.id] = Special
		}
	}
	return kinds
}

// setTokens is the inverse of tokens.
func (f *jsonFile) setTokens(tokens []string, kinds []Kind) {
	f.AddedTokens = []jsonAdded{}
	f.Model.Vocab = make(map[string]int32, len(tokens))
	for id, token := range tokens {
		f.Model.Vocab[token] = int32(id)
		if kind := kinds[id]; kind != Normal {
			f.AddedTokens = append(f.AddedTokens, jsonAdded{ID: int32(id), Content: token, Special: kind == Special})
		}
	}
}

// tokens orders the vocabulary and the added tokens by id.
func (f *jsonFile) tokens() (tokens []string, kinds []Kind, err error) {
	n := len(f.Model.Vocab)
	for _, a := range f.AddedTokens {
		if _, ok := f.Model.Vocab[a.Content]; !ok {
			n++
		}
	}
	tokens, kinds = make([]string, n), make([]Kind, n)
	set := func(field string, id int32, token string, kind Kind) error {
		if id < 0 || int(id) >= n {
			return refuse(field, "gives "+strconv.Quote(token)+" the id "+strconv.Itoa(int(id))+
				", but ids must be 0 to "+strconv.Itoa(n-1)+" without gaps")
		}
		if old := tokens[id]; old != "" && old != token {
			return refuse(field, "gives "+strconv.Quote(token)+" the id of "+strconv.Quote(old))
		}
		tokens[id], kinds[id] = token, kind
		return nil
	}
	for token, id := range f.Model.Vocab {
		if err := set("model.vocab", id, token, Normal); err != nil {
			return nil, nil, err
		}
	}
	for i, a := range f.AddedTokens {
		field := "added_tokens[" + strconv.Itoa(i) + "]"
		switch {
		case a.SingleWord || a.LStrip || a.RStrip:
			return nil, nil, refuse(field, "must not have single_word, lstrip or rstrip")
		case a.Normalized != f.AddedTokens[0].Normalized:
			return nil, nil, refuse(field+".normalized", "must be the same for all added tokens")
		case a.Content == "":
			return nil, nil, refuse(field+".content", "is empty")
		}
		kind := Added
		if a.Special {
			kind = Special
		}
		if err := set(field, a.ID, a.Content, kind); err != nil {
			return nil, nil, err
		}
	}
	for id, token := range tokens {
		if token == "" {
			return nil, nil, refuse("model.vocab", "has no token of id "+strconv.Itoa(id))
		}
	}
	return tokens, kinds, nil
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
