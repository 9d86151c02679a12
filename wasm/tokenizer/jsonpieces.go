//go:build !wasm

package tokenizer

import (
	"encoding/json"
	"strconv"

	"github.com/effir/effir/wasm/tokenizer/internal/bert"
)

// defaultMaxChars is what max_input_chars_per_word is if absent.
const defaultMaxChars = 100

// wordPieces builds a WordPiece tokenizer.
func (f *jsonFile) wordPieces() (*Tokenizer, error) {
	v := WordPieces{MaxChars: defaultMaxChars, Unknown: "[UNK]"}
	if f.Normalizer == nil || f.Normalizer.Type != "BertNormalizer" {
		return nil, refuse("normalizer", "must be a BertNormalizer")
	}
	n := f.Normalizer
	v.CleanText, v.HandleChineseChars, v.Lowercase = is(n.CleanText, true), is(n.HandleChineseChars, true), is(n.Lowercase, true)
	v.StripAccents = is(n.StripAccents, v.Lowercase)
	if f.PreTokenizer == nil || f.PreTokenizer.Type != "BertPreTokenizer" {
		return nil, refuse("pre_tokenizer", "must be a BertPreTokenizer")
	}
	if d := f.Decoder; d != nil {
		if d.Type != "WordPiece" || d.Prefix != nil && *d.Prefix != continuing {
			return nil, refuse("decoder", "must be WordPiece with the prefix "+strconv.Quote(continuing))
		}
		v.Cleanup = is(d.Cleanup, true)
	}
	m := &f.Model
	if m.ContinuingSubwordPrefix != nil && *m.ContinuingSubwordPrefix != continuing {
		return nil, refuse("model.continuing_subword_prefix", "must be "+strconv.Quote(continuing))
	}
	if m.MaxInputChars != nil {
		if v.MaxChars = *m.MaxInputChars; v.MaxChars < 1 || v.MaxChars > maxWordChars {
			return nil, refuse("model.max_input_chars_per_word", "must be 1 to "+strconv.Itoa(maxWordChars))
		}
	}
	if m.UnkToken != nil {
		v.Unknown = *m.UnkToken
	}
	if _, ok := m.Vocab[v.Unknown]; !ok {
		return nil, refuse("model.unk_token", "names "+strconv.Quote(v.Unknown)+", which is not in model.vocab")
	}
	var err error
	if v.Tokens, v.Kinds, err = f.tokens(); err != nil {
		return nil, err
	}
	t, err := FromWordPieces(v)
	if err != nil {
		return nil, err
	}
	if err := f.checkAdded(t.model.(*wordPiece)); err != nil {
		return nil, err
	}
	return t, nil
}

// checkAdded refuses added tokens that the reference would treat otherwise.
func (f *jsonFile) checkAdded(p *wordPiece) error {
	for i, a := range f.AddedTokens {
		field := "added_tokens[" + strconv.Itoa(i) + "]"
		if a.Normalized {
			return refuse(field+".normalized", "must be false")
		}
		if _, ok := f.Model.Vocab[a.Content]; !ok && p.mayUse(a.Content) {
			return refuse(field+".content", "is "+strconv.Quote(a.Content)+
				", which a word may contain, so it must be in model.vocab too")
		}
	}
	return nil
}

// mayUse reports whether a word could be spelled with the token.
func (p *wordPiece) mayUse(token string) bool {
	if _, inside := cutContinuing(token); inside {
		return true
	}
	w := bert.Word{Max: maxTokenLength}
	rest := p.rules.Next(token, &w)
	return rest == "" && string(w.Text) == token
}

func (p *wordPiece) json() ([]byte, error) {
	tokens := make([]string, p.count())
	for id := range tokens {
		tokens[id] = p.token(int32(id))
	}
	prefix := continuing
	flag := func(on bool) *bool { return &on }
	f := jsonFile{
		Version: "1.0",
		Normalizer: &jsonBERT{
			Type: "BertNormalizer", CleanText: flag(p.options.CleanText), HandleChineseChars: flag(p.options.Ideographs),
			StripAccents: flag(p.options.StripAccents), Lowercase: flag(p.options.Lowercase),
		},
		PreTokenizer: &jsonStep{Type: "BertPreTokenizer"},
		Decoder:      &jsonStep{Type: "WordPiece", Prefix: &prefix, Cleanup: flag(p.cleanup)},
		Model: jsonModel{
			Type: "WordPiece", UnkToken: &tokens[p.unknown], ContinuingSubwordPrefix: &prefix, MaxInputChars: &p.maxChars,
		},
	}
	f.setTokens(tokens, p.kinds())
	return json.Marshal(f)
}
