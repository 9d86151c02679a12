package vocabulary_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/vocabulary"
	"github.com/effir/effir/wasm/tokenizer"
)

// Without the unused entries every text has the same tokens under other ids, and
// each id finds the row of its token.
func TestWithoutUnused(t *testing.T) {
	whole := tinymodel.NewBert(2)
	short, err := vocabulary.WithoutUnused(whole)
	if err != nil {
		t.Fatal(err)
	}
	a, b := parse(t, whole), parse(t, short)
	if a.Len()-b.Len() != 5 || short.Config().VocabSize != b.Len() {
		t.Fatalf("%d of %d tokens are left, vocab_size is %d", b.Len(), a.Len(), short.Config().VocabSize)
	}
	long, rows, hidden := tables(t, whole, short, "embeddings.word_embeddings.weight", b.Len())
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

// tables returns the token tables of both models, the shorter one of which must have
// so many rows, and their width.
func tables(t *testing.T, whole, short vocabulary.Model, name string, tokens int) (long, rows checkpoint.Tensor, hidden int) {
	t.Helper()
	long, err := whole.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err = short.Tensor(name); err != nil {
		t.Fatal(err)
	}
	hidden = long.Shape[1]
	if !slices.Equal(rows.Shape, []int{tokens, hidden}) {
		t.Fatalf("the table has shape %v", rows.Shape)
	}
	return long, rows, hidden
}

func parse(t *testing.T, src vocabulary.Model) *tokenizer.Tokenizer {
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
	for problem, src := range map[string]vocabulary.Model{
		"this is a llama":   tinymodel.New(1),
		"tokenizer.json":    text{tinymodel.NewBert(1), "{"},
		"must be WordPiece": text{tinymodel.NewBert(1), byteLevel},
	} {
		if _, err := vocabulary.WithoutUnused(src); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("error %v does not say %q", err, problem)
		}
	}
}

// Tokens in other scripts go; words of the kept ones, digits and punctuation stay.
func TestWithScripts(t *testing.T) {
	whole := tinymodel.NewBert(2)
	short, err := vocabulary.WithScripts(whole, []string{"Latin"})
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
	if _, err := vocabulary.WithScripts(whole, []string{"latin"}); err == nil || !strings.Contains(err.Error(), "Latin") {
		t.Errorf("unknown script: %v", err)
	}
}

// merging is a byte-level model with a tokenizer of some merges and a table with a
// row for what each makes.
type merging struct {
	*tinymodel.Source
	merges []string // each makes the token without its space
}

func (m merging) Config() checkpoint.Config {
	c := m.Source.Config()
	c.VocabSize += len(m.merges)
	return c
}

func (m merging) TokenizerJSON() ([]byte, error) {
	text, err := m.Source.TokenizerJSON()
	if err != nil {
		return nil, err
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	bpe := file["model"].(map[string]any)
	for i, merge := range m.merges {
		bpe["vocab"].(map[string]any)[strings.ReplaceAll(merge, " ", "")] = m.Source.Config().VocabSize + i
	}
	bpe["merges"] = m.merges
	return json.Marshal(file)
}

func (m merging) Tensor(name string) (checkpoint.Tensor, error) {
	t, err := m.Source.Tensor(name)
	if err == nil && name == "model.embed_tokens.weight" {
		t.Shape = []int{t.Shape[0] + len(m.merges), t.Shape[1]}
		t.Data = slices.Clone(t.Data)
		for i := range len(m.merges) * t.Shape[1] {
			t.Data = append(t.Data, float32(i))
		}
	}
	return t, err
}

// With fewer merges a text has more tokens, all of them tokens of the whole
// tokenizer with the rows they had.
func TestFirstMerges(t *testing.T) {
	whole := merging{tinymodel.New(2), []string{"t h", "th e", "a n", "o t", "h e", "an d"}}
	const merges = 2
	short, err := vocabulary.FirstMerges(whole, merges)
	if err != nil {
		t.Fatal(err)
	}
	a, b := parse(t, whole), parse(t, short)
	if a.Len()-b.Len() != len(whole.merges)-merges || short.Config().VocabSize != b.Len() {
		t.Fatalf("%d of %d tokens are left, vocab_size is %d", b.Len(), a.Len(), short.Config().VocabSize)
	}
	long, rows, hidden := tables(t, whole, short, "model.embed_tokens.weight", b.Len())
	const text = "the other and"
	before, after := a.Encode(nil, text), b.Encode(nil, text)
	if len(after) <= len(before) {
		t.Errorf("%d tokens with all merges, %d with %d", len(before), len(after), merges)
	}
	for _, id := range after {
		token, _ := b.Token(id)
		old, ok := a.ID(token)
		if !ok || !slices.Equal(long.Data[int(old)*hidden:][:hidden], rows.Data[int(id)*hidden:][:hidden]) {
			t.Errorf("token %q is %d of the whole vocabulary (%v) and has another row there", token, old, ok)
		}
	}
	if _, err := vocabulary.FirstMerges(whole, 7); err == nil || !strings.Contains(err.Error(), "merges") {
		t.Errorf("too many merges: %v", err)
	}
	if _, err := vocabulary.FirstMerges(tinymodel.NewBert(1), 1); err == nil || !strings.Contains(err.Error(), "BPE") {
		t.Errorf("a WordPiece model: %v", err)
	}
}
