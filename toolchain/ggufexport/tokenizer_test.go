package ggufexport

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// TestTokenizerEqualsAnothersFile compares the lists with those of a file that the Python package
// "gguf" wrote for the same tokenizer.
func TestTokenizerEqualsAnothersFile(t *testing.T) {
	want, err := gguf.Open(filepath.Join(importData, "tiny.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	got, _ := written(t, tiny(t, nil), gguf.F32)
	for _, key := range []string{"tokenizer.ggml.model", "tokenizer.ggml.pre"} {
		x, err := got.Text(key)
		y, err2 := want.Text(key)
		if err != nil || err2 != nil || x != y {
			t.Errorf("%s is %q (%v), want %q (%v)", key, x, err, y, err2)
		}
	}
	for _, key := range []string{"tokenizer.ggml.tokens", "tokenizer.ggml.merges"} {
		x, err := got.Texts(key)
		y, err2 := want.Texts(key)
		if err != nil || err2 != nil || !slices.Equal(x, y) {
			t.Errorf("%s is %q (%v), want %q (%v)", key, x, err, y, err2)
		}
	}
	x, err := got.Ints("tokenizer.ggml.token_type")
	y, err2 := want.Ints("tokenizer.ggml.token_type")
	if err != nil || err2 != nil || !slices.Equal(x, y) {
		t.Errorf("token types are %v (%v), want %v (%v)", x, err, y, err2)
	}
	metadata{t, got}.numbers(map[string]int{"tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2})
}

// TestPreTokenizers: names, and whether a token goes before or behind every text, though the
// configuration names others.
func TestPreTokenizers(t *testing.T) {
	for pre, bos := range map[string]bool{"smollm": false, "gpt-2": false, "llama-bpe": true} {
		m := tiny(t, func(c *checkpoint.Config) { c.BOSTokenID = c.EOSTokenID })
		m.tokenizer = readFile(t, filepath.Join(importData, "tiny."+pre+".json"))
		f, _ := written(t, m, gguf.F32)
		metadata{t, f}.texts(map[string]string{"tokenizer.ggml.pre": pre})
		if add, err := f.Bool("tokenizer.ggml.add_bos_token"); err != nil || add != bos {
			t.Errorf("%s: add_bos_token is %t (%v)", pre, add, err)
		}
		if add, err := f.Bool("tokenizer.ggml.add_eos_token"); err != nil || add {
			t.Errorf("%s: add_eos_token is %t (%v)", pre, add, err)
		}
		id := 2
		if bos {
			id = 1
		}
		metadata{t, f}.numbers(map[string]int{"tokenizer.ggml.bos_token_id": id})
	}
	closed := tiny(t, nil).changed(t, closedBy(0, "<|endoftext|>"))
	f, _ := written(t, closed, gguf.F32)
	if add, err := f.Bool("tokenizer.ggml.add_eos_token"); err != nil || !add {
		t.Errorf("add_eos_token is %t (%v)", add, err)
	}
	metadata{t, f}.numbers(map[string]int{"tokenizer.ggml.eos_token_id": 0, "tokenizer.ggml.bos_token_id": 1})
}

// closedBy makes a tokenizer put a token behind every text.
func closedBy(id int, token string) func(file map[string]any) {
	return func(file map[string]any) {
		file["post_processor"] = map[string]any{
			"type": "TemplateProcessing",
			"single": []any{
				map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}},
				map[string]any{"SpecialToken": map[string]any{"id": token, "type_id": 0}},
			},
			"special_tokens": map[string]any{token: map[string]any{"id": token, "ids": []int{id}, "tokens": []string{token}}},
		}
	}
}

// TestRowsWithoutToken: an embedding that has more rows than the tokenizer has tokens, as
// publishers pad it.
func TestRowsWithoutToken(t *testing.T) {
	m := tiny(t, func(c *checkpoint.Config) { c.VocabSize = 323 })
	f, _ := written(t, m, gguf.F32)
	tokens, err := f.Texts("tokenizer.ggml.tokens")
	if err != nil {
		t.Fatal(err)
	}
	types, err := f.Ints("tokenizer.ggml.token_type")
	if err != nil {
		t.Fatal(err)
	}
	for id := 320; id < 323; id++ {
		if want := fmt.Sprintf("[PAD%d]", id); tokens[id] != want || types[id] != typeUnused {
			t.Errorf("token %d is %q of type %d, want %q", id, tokens[id], types[id], want)
		}
	}
	sorted := slices.Sorted(slices.Values(tokens))
	if len(slices.Compact(sorted)) != 323 {
		t.Error("a token occurs twice")
	}
}
