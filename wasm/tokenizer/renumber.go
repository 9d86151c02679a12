//go:build !wasm

package tokenizer

import (
	"encoding/json"
	"strconv"
)

// renumbering changes the ids in a tokenizer.json. It keeps the first error.
type renumbering struct {
	ids []int32 // the new id of each token, -1 if it is dropped
	err error
}

func (r *renumbering) fail(field, what string) {
	if r.err == nil {
		r.err = refuse(field, what)
	}
}

// id returns the new number for an id that must stay.
func (r *renumbering) id(field string, old any) any {
	id := r.lookup(field, old)
	if id < 0 {
		r.fail(field, "must be the id of a token that stays")
	}
	return id
}

// lookup returns the new number for an id, -1 if it is dropped.
func (r *renumbering) lookup(field string, old any) int32 {
	number, _ := old.(json.Number)
	id, err := strconv.Atoi(string(number))
	if err != nil || id < 0 || id >= len(r.ids) {
		r.fail(field, "must be the id of a token")
		return -1
	}
	return r.ids[id]
}

// model renumbers the vocabulary, less the tokens that are dropped, and cuts the
// merges, if there are any, to n.
func (r *renumbering) model(value any, n int) {
	fields, _ := value.(map[string]any)
	old, ok := fields["vocab"].(map[string]any)
	if !ok {
		r.fail("model.vocab", "must be an object")
		return
	}
	vocab := make(map[string]any, len(old))
	for token, id := range old {
		if id := r.lookup("model.vocab", id); id >= 0 {
			vocab[token] = id
		}
	}
	fields["vocab"] = vocab
	if merges, ok := fields["merges"].([]any); ok {
		if n > len(merges) {
			r.fail("model.merges", "must be one list")
			return
		}
		fields["merges"] = merges[:n]
	}
}

func (r *renumbering) addedTokens(value any) {
	list, _ := value.([]any)
	for _, a := range list {
		if fields, ok := a.(map[string]any); ok {
			fields["id"] = r.id("added_tokens.id", fields["id"])
		}
	}
}

func (r *renumbering) padding(value any) {
	if fields, ok := value.(map[string]any); ok && fields["pad_id"] != nil {
		fields["pad_id"] = r.id("padding.pad_id", fields["pad_id"])
	}
}

// postProcessor renumbers the ids in a template.
func (r *renumbering) postProcessor(value any) {
	fields, ok := value.(map[string]any)
	if !ok {
		return
	}
	const field = "post_processor"
	switch kind, _ := fields["type"].(string); kind {
	case "ByteLevel":
	case "Sequence":
		steps, _ := fields["processors"].([]any)
		for _, step := range steps {
			r.postProcessor(step)
		}
	case "TemplateProcessing":
		tokens, _ := fields["special_tokens"].(map[string]any)
		for _, token := range tokens {
			token, _ := token.(map[string]any)
			ids, _ := token["ids"].([]any)
			for i := range ids {
				ids[i] = r.id(field+".special_tokens", ids[i])
			}
		}
	case "BertProcessing", "RobertaProcessing":
		for _, name := range [2]string{"sep", "cls"} {
			pair, _ := fields[name].([]any)
			if len(pair) != 2 {
				r.fail(field+"."+name, "must be [token, id]")
				return
			}
			pair[1] = r.id(field+"."+name, pair[1])
		}
	default:
		r.fail(field+".type", "must be TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence, not "+strconv.Quote(kind))
	}
}
