package ggufexport

import (
	"encoding/json"
	"fmt"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
	"github.com/effir/effir/toolchain/reader"
	"github.com/effir/effir/wasm/tokenizer"
)

// preTokenizers are the names in tokenizer.ggml.pre. ignoreMerges is what the name means to llama.cpp:
// a word that is a token as a whole is taken whole.
var preTokenizers = map[tokenizer.PreTokenizer]struct {
	name         string
	ignoreMerges bool
}{
	tokenizer.GPT2:   {"gpt-2", false},
	tokenizer.SmolLM: {"smollm", false},
	tokenizer.Llama3: {"llama-bpe", true},
	tokenizer.Qwen2:  {"qwen2", false},
}

// The values of tokenizer.ggml.token_type.
const (
	typeNormal  = 1
	typeControl = 3 // matched before the text is split, no text itself
	typeUser    = 4 // matched before the text is split
	typeUnused  = 5
)

// vocabulary is the part of a tokenizer.json from which lists are made.
type vocabulary struct {
	AddedTokens []struct {
		ID      int32 `json:"id"`
		Special bool  `json:"special"`
	} `json:"added_tokens"`
	Model struct {
		IgnoreMerges bool             `json:"ignore_merges"`
		Vocab        map[string]int32 `json:"vocab"`
		Merges       []string         `json:"merges"`
	} `json:"model"`
}

// tokenizerPairs is the metadata of the tokenizer, which must be byte-level BPE.
func tokenizerPairs(src Source, c *checkpoint.Config) ([]gguf.Pair, error) {
	text, err := src.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.ParseJSON(text)
	if err != nil {
		return nil, fail("", "cannot be written as GGUF", err)
	}
	pre, ok := preTokenizers[t.PreTokenizer()]
	if !ok {
		return nil, fail("model.type", "is not BPE", nil)
	}
	if t.Len() > c.VocabSize {
		return nil, fail("model.vocab", fmt.Sprintf("has %d tokens with the added ones, but the model has %d", t.Len(), c.VocabSize), nil)
	}
	canonical, err := t.JSON() // one spelling of everything
	if err != nil {
		return nil, fail("", "cannot be written as GGUF", err)
	}
	var v vocabulary
	if err := json.Unmarshal(canonical, &v); err != nil {
		return nil, err
	}
	if v.Model.IgnoreMerges != pre.ignoreMerges {
		return nil, fail("model.ignore_merges", fmt.Sprintf("is %t, but llama.cpp takes it as %t for the pre-tokenizer %q", v.Model.IgnoreMerges, pre.ignoreMerges, pre.name), nil)
	}
	tokens, types := v.lists(c.VocabSize)
	pairs := []gguf.Pair{
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: pre.name},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: v.Model.Merges},
		{Key: "tokenizer.ggml.add_space_prefix", Value: false},
	}
	special, err := specialPairs(text, c, t.Len())
	return append(pairs, special...), err
}

// specialPairs is the metadata of special tokens. A token that is put before or behind every text is
// the beginning or the end, whatever the configuration calls so, because llama.cpp puts those.
func specialPairs(tokenizerJSON []byte, c *checkpoint.Config, tokens int) ([]gguf.Pair, error) {
	before, after, err := reader.SpecialTokens(tokenizerJSON)
	if err != nil {
		return nil, fail("post_processor", "is not supported", err)
	}
	bos, eos := c.BOSTokenID, c.EOSTokenID
	for _, s := range []struct {
		where string
		ids   []int32
		id    **int
	}{{"before", before, &bos}, {"behind", after, &eos}} {
		if len(s.ids) > 1 {
			return nil, fail("post_processor", fmt.Sprintf("puts %d tokens %s a text, llama.cpp at most one", len(s.ids), s.where), nil)
		}
		for _, id := range s.ids {
			if id < 0 || int(id) >= tokens {
				return nil, fail("post_processor", fmt.Sprintf("puts token %d %s a text, but there are %d", id, s.where, tokens), nil)
			}
			n := int(id)
			*s.id = &n
		}
	}
	pairs := []gguf.Pair{
		{Key: "tokenizer.ggml.add_bos_token", Value: len(before) > 0},
		{Key: "tokenizer.ggml.add_eos_token", Value: len(after) > 0},
	}
	for _, p := range []struct {
		name string
		id   *int
	}{{"bos", bos}, {"eos", eos}, {"padding", c.PadTokenID}} {
		if p.id != nil {
			pairs = append(pairs, gguf.Pair{Key: "tokenizer.ggml." + p.name + "_token_id", Value: uint32(*p.id)})
		}
	}
	return pairs, nil
}

// lists orders the tokens by id. Rows of the embedding without a token get a name that no text
// is split into.
func (v *vocabulary) lists(n int) (tokens []string, types []int32) {
	tokens, types = make([]string, n), make([]int32, n)
	for i := range tokens {
		types[i] = typeUnused
	}
	for token, id := range v.Model.Vocab {
		tokens[id], types[id] = token, typeNormal
	}
	for _, a := range v.AddedTokens {
		types[a.ID] = typeUser
		if a.Special {
			types[a.ID] = typeControl
		}
	}
	for id := range tokens {
		if types[id] != typeUnused {
			continue
		}
		name := fmt.Sprintf("[PAD%d]", id)
		for _, taken := v.Model.Vocab[name]; taken; _, taken = v.Model.Vocab[name] {
			name = "[" + name + "]"
		}
		tokens[id] = name
	}
	return tokens, types
}

// fail makes the error of a field of tokenizer.json.
func fail(field, problem string, err error) error {
	return &checkpoint.InputError{
		File: "tokenizer.json", Field: field, Problem: problem, Err: err,
		Remedy: "use the tokenizer.json that was published with a model of the kind of SmolLM2 or Llama 3",
	}
}
