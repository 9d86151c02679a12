package finetune

import (
	"encoding/json"
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/tokenizer"
)

// reader turns texts into what one model sees of them.
type reader struct {
	tokens         *tokenizer.Tokenizer
	before, after  []int32 // special tokens around every text
	query, passage string  // put before a text of that kind
	vocab          int     // of the model
	limit          int     // tokens, special ones included
}

// newReader reads the tokenizer of a checkpoint; limit is the longest text.
func newReader(c *checkpoint.Checkpoint, e checkpoint.Embedding, limit int) (*reader, error) {
	data, err := c.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.ParseJSON(data)
	if err != nil {
		return nil, err
	}
	r := &reader{tokens: t, query: e.QueryPrefix, passage: e.PassagePrefix, vocab: c.Config().VocabSize, limit: min(limit, e.MaxTokens)}
	if r.before, r.after, err = template(data); err != nil {
		return nil, err
	}
	if len(r.before)+len(r.after) >= r.limit {
		return nil, fmt.Errorf("texts of %d tokens have no room beside %d special ones", r.limit, len(r.before)+len(r.after))
	}
	return r, nil
}

// read returns the tokens of a text, none if there is nothing in it. A token
// outside the model's vocabulary is an error: in the graph it would be clamped
// silently.
func (r *reader) read(text string, isQuery bool) ([]int32, error) {
	prefix := r.passage
	if isQuery {
		prefix = r.query
	}
	ids := append(make([]int32, 0, len(text)/3+8), r.before...)
	ids = r.tokens.Encode(ids, prefix+text)
	if len(ids) == len(r.before) {
		return nil, nil
	}
	ids = append(ids[:min(len(ids), r.limit-len(r.after))], r.after...)
	for _, id := range ids {
		if id < 0 || int(id) >= r.vocab {
			return nil, fmt.Errorf("token %d of the text %.40q is outside the model's vocabulary of %d: tokenizer.json and weights do not belong together", id, text, r.vocab)
		}
	}
	return ids, nil
}

// same tells whether two readers make the same tokens of every text.
func (r *reader) same(other *reader) bool {
	if r.query != other.query || r.passage != other.passage || r.limit != other.limit || !r.sameTokens(other) {
		return false
	}
	return fmt.Sprint(r.before, r.after) == fmt.Sprint(other.before, other.after)
}

func (r *reader) sameTokens(other *reader) bool {
	a, b := r.tokens, other.tokens
	if a.Len() != b.Len() || a.PreTokenizer() != b.PreTokenizer() {
		return false
	}
	for id := range int32(a.Len()) {
		x, _ := a.Token(id)
		if y, _ := b.Token(id); x != y {
			return false
		}
	}
	return true
}

// template reads from a tokenizer.json which special tokens stand before and
// after a single text: its post_processor of type TemplateProcessing,
// BertProcessing or RobertaProcessing. Without one there are none.
func template(tokenizerJSON []byte) (before, after []int32, err error) {
	var file struct {
		PostProcessor *postProcessor `json:"post_processor"`
	}
	if err := json.Unmarshal(tokenizerJSON, &file); err != nil {
		return nil, nil, fmt.Errorf("tokenizer.json: post_processor: %w", err)
	}
	if file.PostProcessor == nil {
		return nil, nil, nil
	}
	return file.PostProcessor.template()
}

type postProcessor struct {
	Type       string          `json:"type"`
	Processors []postProcessor `json:"processors"` // of a Sequence
	Single     []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		}
		Sequence *struct{}
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
	Sep, CLS specialToken
}

// specialToken is a pair of text and id.
type specialToken struct{ id int32 }

func (s *specialToken) UnmarshalJSON(data []byte) error {
	var text string
	return json.Unmarshal(data, &[]any{&text, &s.id})
}

func (p postProcessor) template() (before, after []int32, err error) {
	switch p.Type {
	case "ByteLevel": // changes offsets only
		return nil, nil, nil
	case "BertProcessing", "RobertaProcessing":
		return []int32{p.CLS.id}, []int32{p.Sep.id}, nil
	case "Sequence":
		for _, inner := range p.Processors {
			b, a, err := inner.template()
			if err != nil {
				return nil, nil, err
			}
			before, after = append(b, before...), append(after, a...)
		}
		return before, after, nil
	case "TemplateProcessing":
		target := &before
		for _, piece := range p.Single {
			switch {
			case piece.Sequence != nil:
				target = &after
			case piece.SpecialToken != nil:
				token, ok := p.SpecialTokens[piece.SpecialToken.ID]
				if !ok {
					return nil, nil, fmt.Errorf("tokenizer.json: post_processor: special_tokens lacks %q", piece.SpecialToken.ID)
				}
				*target = append(*target, token.IDs...)
			}
		}
		return before, after, nil
	}
	return nil, nil, fmt.Errorf("tokenizer.json: post_processor of type %q is not supported", p.Type)
}
