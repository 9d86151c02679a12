package export

import (
	"encoding/json"
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/wasm/tokenizer"
)

// processor is what tokenizer.json says is put around a text ("post_processor").
type processor struct {
	Type       string      `json:"type"`
	Processors []processor `json:"processors"` // of a Sequence

	// TemplateProcessing
	Single []struct {
		SpecialToken *struct{ ID string }
		Sequence     *struct{ ID string }
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`

	// BertProcessing, RobertaProcessing: pairs of token and id
	CLS []any `json:"cls"`
	SEP []any `json:"sep"`
}

// specialTokens returns the ids that a checkpoint's tokenizer puts before and
// behind a text.
func specialTokens(src Source) (prefix, suffix []int32, err error) {
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, nil, err
	}
	var file struct {
		PostProcessor *processor `json:"post_processor"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, nil, fmt.Errorf("export: tokenizer.json: %w", err)
	}
	if file.PostProcessor != nil {
		if prefix, suffix, err = file.PostProcessor.around(); err != nil || prefix != nil || suffix != nil {
			return prefix, suffix, err
		}
	}
	if c := src.Config(); c.ModelType != checkpoint.Bert {
		return nil, nil, nil
	}
	// A BERT vocabulary without a template: [CLS] and [SEP] as every BERT has them.
	t, err := tokenizer.ParseJSON(text)
	if err != nil {
		return nil, nil, err
	}
	first, okFirst := t.ID("[CLS]")
	last, okLast := t.ID("[SEP]")
	if !okFirst || !okLast {
		return nil, nil, fmt.Errorf("export: tokenizer.json has neither a post_processor nor the tokens [CLS] and [SEP]; give the embedding's prefix and suffix")
	}
	return []int32{first}, []int32{last}, nil
}

// around returns what a processor puts before and behind a single text.
func (p *processor) around() (prefix, suffix []int32, err error) {
	switch p.Type {
	case "Sequence":
		for i := range p.Processors {
			if prefix, suffix, err = p.Processors[i].around(); err != nil || prefix != nil || suffix != nil {
				return prefix, suffix, err
			}
		}
	case "BertProcessing", "RobertaProcessing":
		first, okFirst := pairID(p.CLS)
		last, okLast := pairID(p.SEP)
		if !okFirst || !okLast {
			return nil, nil, fmt.Errorf("export: tokenizer.json: post_processor: cls and sep must be pairs of token and id")
		}
		return []int32{first}, []int32{last}, nil
	case "TemplateProcessing":
		return p.template()
	}
	return nil, nil, nil
}

func (p *processor) template() (prefix, suffix []int32, err error) {
	behind := false
	for _, piece := range p.Single {
		switch {
		case piece.Sequence != nil:
			behind = true
		case piece.SpecialToken != nil:
			token, ok := p.SpecialTokens[piece.SpecialToken.ID]
			if !ok {
				return nil, nil, fmt.Errorf("export: tokenizer.json: post_processor: %q is not among special_tokens", piece.SpecialToken.ID)
			}
			if behind {
				suffix = append(suffix, token.IDs...)
			} else {
				prefix = append(prefix, token.IDs...)
			}
		}
	}
	return prefix, suffix, nil
}

// pairID reads the id of a pair such as ["[CLS]", 101].
func pairID(pair []any) (int32, bool) {
	if len(pair) != 2 {
		return 0, false
	}
	id, ok := pair[1].(float64)
	return int32(id), ok && id == float64(int32(id))
}
