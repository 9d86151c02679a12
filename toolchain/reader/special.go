package reader

import (
	"encoding/json"
	"fmt"
)

// processor is the part of tokenizer.json's post_processor that matters for
// single texts.
type processor struct {
	Type       string      `json:"type"`
	Processors []processor `json:"processors"` // of a Sequence
	Single     []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
		Sequence *struct{} `json:"Sequence"`
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
	CLS named `json:"cls"`
	SEP named `json:"sep"`
}

// named is a token written as ["[CLS]", 101].
type named struct{ id int32 }

func (n *named) UnmarshalJSON(data []byte) error {
	var text string
	return json.Unmarshal(data, &[]any{&text, &n.id})
}

// SpecialTokens reads which tokens tokenizer.json puts before and after a single
// text.
func SpecialTokens(tokenizerJSON []byte) (before, after []int32, err error) {
	var file struct {
		PostProcessor *processor `json:"post_processor"`
	}
	if err := json.Unmarshal(tokenizerJSON, &file); err != nil {
		return nil, nil, fmt.Errorf("tokenizer.json: post_processor: %w", err)
	}
	if file.PostProcessor == nil {
		return nil, nil, nil
	}
	if before, after, err = file.PostProcessor.around(); err != nil {
		return nil, nil, fmt.Errorf("tokenizer.json: post_processor: %w", err)
	}
	return before, after, nil
}

func (p processor) around() (before, after []int32, err error) {
	switch p.Type {
	case "ByteLevel": // changes offsets, not tokens
		return nil, nil, nil
	case "BertProcessing", "RobertaProcessing":
		return []int32{p.CLS.id}, []int32{p.SEP.id}, nil
	case "TemplateProcessing":
		return p.template()
	case "Sequence": // each goes around what the ones before it made
		for _, inner := range p.Processors {
			b, a, err := inner.around()
			if err != nil {
				return nil, nil, err
			}
			before, after = append(b, before...), append(after, a...)
		}
		return before, after, nil
	}
	return nil, nil, fmt.Errorf("type %q is not supported", p.Type)
}

func (p processor) template() (before, after []int32, err error) {
	texts := 0
	for _, piece := range p.Single {
		if piece.Sequence != nil {
			texts++
			continue
		}
		if piece.SpecialToken == nil {
			return nil, nil, fmt.Errorf("single has a piece that is neither a token nor the text")
		}
		token, known := p.SpecialTokens[piece.SpecialToken.ID]
		switch {
		case !known:
			return nil, nil, fmt.Errorf("special_tokens lacks %q", piece.SpecialToken.ID)
		case texts == 0:
			before = append(before, token.IDs...)
		default:
			after = append(after, token.IDs...)
		}
	}
	if texts != 1 {
		return nil, nil, fmt.Errorf("single holds the text %d times, once is needed", texts)
	}
	return before, after, nil
}
