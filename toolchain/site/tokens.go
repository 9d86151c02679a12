package site

import (
	"io/fs"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// MaxTokens is the size of the longest passage, with title and heading. Longer
// ones say too many things for one vector and are no place to jump to.
const MaxTokens = 256

// Budget is how long a passage may be.
type Budget struct {
	Tokens int
	// Measure counts the tokens of a text. It is safe for concurrent use.
	Measure func(text string) int
	// Reads says whether the model knows a character; nil: no model has to. It is
	// safe for concurrent use, too.
	Reads func(r rune) bool
}

// DefaultBudget estimates tokens where no model is known.
func DefaultBudget() Budget { return Budget{Tokens: MaxTokens, Measure: estimateTokens} }

// ModelBudget counts with the tokenizer of a model package. A model that reads
// less than MaxTokens has shorter passages.
func ModelBudget(model fs.FS) (Budget, error) {
	m, _, err := modeldir.Open(model)
	if err != nil {
		return Budget{}, err
	}
	t, err := modeldir.Tokenizer(model, m)
	if err != nil {
		return Budget{}, err
	}
	scratch := sync.Pool{New: func() any { return new([]int32) }}
	measure := func(text string) int {
		ids := scratch.Get().(*[]int32)
		defer scratch.Put(ids)
		*ids = t.Encode((*ids)[:0], text)
		return len(*ids)
	}
	reads := func(r rune) bool {
		// A character alone can be no added token but the one for what is unknown.
		return !slices.ContainsFunc(t.Encode(nil, string(r)), func(id int32) bool { return t.Kind(id) == tokenizer.Special })
	}
	around := len(m.Embedding.Prefix) + len(m.Embedding.Suffix) + measure(m.Embedding.Passage)
	return Budget{Tokens: min(MaxTokens, m.MaxTokens) - around, Measure: measure, Reads: remembering(reads)}, nil
}

// minPassageTokens of a passage are left to its text, however long title and
// heading are.
const minPassageTokens = 16

// bytesPerToken bounds passages whose tokens are few and long, such as an encoded
// file that a tokenizer takes for one unknown word.
const bytesPerToken = 12

// size is what a text takes of a budget.
func (b Budget) size(text string) int {
	return max(b.Measure(text), (len(text)+bytesPerToken-1)/bytesPerToken)
}

// rest returns how much is left below a title and heading.
func (b Budget) rest(above string) int {
	return max(b.Tokens-b.size(above), b.Tokens/4, minPassageTokens)
}

// estimateTokens counts 1.4 tokens a word and a further one for every 8
// characters of a long word; characters of scripts without spaces count one each.
func estimateTokens(text string) int {
	tenths, letters := 0, 0
	word := func() {
		if letters > 0 {
			tenths += 14 + 10*((letters-1)/8)
		}
		letters = 0
	}
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			word()
		case wide(r):
			word()
			tenths += 10
		default:
			letters++
		}
	}
	word()
	return (tenths + 9) / 10
}

func wide(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// clip cuts text after at most n bytes, between words if there is one near, and
// marks the cut.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	end := n - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	for i := end; i > end*3/4; i-- {
		if text[i] == ' ' {
			end = i
			break
		}
	}
	return text[:end] + "…"
}
