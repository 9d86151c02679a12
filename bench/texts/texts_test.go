package texts

import (
	"slices"
	"testing"

	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

func TestTextsHaveTheirLength(t *testing.T) {
	files := models.Default()
	m, _, err := modeldir.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	content, err := modeldir.ReadFile(files, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Make(m, tok)
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range Lengths {
		of := all[length]
		if len(of) != Variants || len(slices.Compact(slices.Sorted(slices.Values(of)))) != Variants {
			t.Errorf("%d tokens: %d texts, or equal ones: %q", length, len(of), of)
		}
		for _, text := range of {
			if n := len(tok.Encode(nil, text)) + len(m.Embedding.Prefix) + len(m.Embedding.Suffix); n != length {
				t.Errorf("%q is %d tokens, want %d", text, n, length)
			}
		}
	}
	again, err := Make(m, tok)
	if err != nil || !slices.Equal(all[128], again[128]) {
		t.Errorf("texts differ from call to call (%v)", err)
	}
	m.Embedding.Passage = "passage: "
	if _, err := Make(m, tok); err == nil {
		t.Error("no error for a package that puts words before passages")
	}
}
