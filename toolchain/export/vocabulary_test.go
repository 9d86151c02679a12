package export_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/wasm/tokenizer"
)

// Without the unused entries every text has the same tokens under other ids, and
// each id finds the row of its token.
func TestWithoutUnused(t *testing.T) {
	whole := tinymodel.NewBert(2)
	short, err := export.WithoutUnused(whole)
	if err != nil {
		t.Fatal(err)
	}
	a, b := parse(t, whole), parse(t, short)
	if a.Len()-b.Len() != 5 || short.Config().VocabSize != b.Len() {
		t.Fatalf("%d of %d tokens are left, vocab_size is %d", b.Len(), a.Len(), short.Config().VocabSize)
	}
	const table = "embeddings.word_embeddings.weight"
	long, err := whole.Tensor(table)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := short.Tensor(table)
	if err != nil {
		t.Fatal(err)
	}
	hidden := long.Shape[1]
	if !slices.Equal(rows.Shape, []int{b.Len(), hidden}) {
		t.Fatalf("the table has shape %v", rows.Shape)
	}
	for _, text := range []string{"how to cancel the request?", "reader [SEP] lists 42 [unused1]", "[MASK] zürich"} {
		before, after := a.Encode(nil, text), b.Encode(nil, text)
		if len(before) != len(after) {
			t.Fatalf("%q: %d tokens became %d", text, len(before), len(after))
		}
		for i := range before {
			x, _ := a.Token(before[i])
			y, _ := b.Token(after[i])
			if x != y || !slices.Equal(long.Data[int(before[i])*hidden:][:hidden], rows.Data[int(after[i])*hidden:][:hidden]) {
				t.Errorf("%q: token %d is %q with its row, became %q", text, i, x, y)
			}
		}
	}
	if other, err := short.Tensor("embeddings.LayerNorm.weight"); err != nil || len(other.Data) != hidden {
		t.Errorf("other tensors: %v, %v", other.Shape, err)
	}
}

func parse(t *testing.T, src export.Source) *tokenizer.Tokenizer {
	t.Helper()
	text, err := src.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := tokenizer.ParseJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// text is a source with another tokenizer.json.
type text struct {
	*tinymodel.Source
	json string
}

func (t text) TokenizerJSON() ([]byte, error) { return []byte(t.json), nil }

// byteLevel is the tokenizer.json of another kind.
var byteLevel = func() string { b, _ := tinymodel.New(1).TokenizerJSON(); return string(b) }()

func TestWithoutUnusedRefuses(t *testing.T) {
	for problem, src := range map[string]export.Source{
		"this is a llama":   tinymodel.New(1),
		"tokenizer.json":    text{tinymodel.NewBert(1), "{"},
		"must be WordPiece": text{tinymodel.NewBert(1), byteLevel},
	} {
		if _, err := export.WithoutUnused(src); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("error %v does not say %q", err, problem)
		}
	}
}

// Tokens in other scripts go; words of the kept ones, digits and punctuation stay.
func TestWithScripts(t *testing.T) {
	whole := tinymodel.NewBert(2)
	short, err := export.WithScripts(whole, []string{"Latin"})
	if err != nil {
		t.Fatal(err)
	}
	tokens := parse(t, short)
	for id := range int32(tokens.Len()) {
		text, _ := tokens.Token(id)
		for _, r := range text {
			if unicode.Is(unicode.Han, r) || unicode.Is(unicode.Cyrillic, r) {
				t.Errorf("token %q stayed", text)
			}
		}
	}
	const text = "how to cancel 42 requests?"
	if a, b := parse(t, whole).Encode(nil, text), tokens.Encode(nil, text); len(a) != len(b) {
		t.Errorf("%q: %d tokens became %d", text, len(a), len(b))
	}
	if _, err := export.WithScripts(whole, []string{"latin"}); err == nil || !strings.Contains(err.Error(), "Latin") {
		t.Errorf("unknown script: %v", err)
	}
}
