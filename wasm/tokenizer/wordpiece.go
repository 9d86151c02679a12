package tokenizer

import (
	"strings"

	"github.com/effir/effir/wasm/tokenizer/internal/bert"
)

// continuing marks tokens that go on inside a word.
const continuing = "##"

// maxWordChars bounds WordPieces.MaxChars.
const maxWordChars = 1 << 10

// wordPiece is the model of BERT: text is split by bert.Rules, and each word
// becomes the longest tokens that spell it from left to right, or, if there are
// none, the unknown token.
type wordPiece struct {
	*tokens
	options  bert.Options
	rules    *bert.Rules
	unknown  int32
	maxChars int  // longer words are unknown
	cleanup  bool // Decode joins punctuation to the word before
	table    pieceTable
}

// newWordPiece completes a tokenizer of which all but rules and table is set.
func newWordPiece(p *wordPiece) (*Tokenizer, error) {
	if err := p.indexAdded(); err != nil {
		return nil, err
	}
	var err error
	if p.table, err = newPieceTable(p.tokens); err != nil {
		return nil, err
	}
	p.rules = bert.New(p.options)
	return &Tokenizer{p.tokens, p}, nil
}

// cutContinuing removes the ## of a token that has more than that.
func cutContinuing(token string) (piece string, inside bool) {
	if len(token) > len(continuing) && token[:len(continuing)] == continuing {
		return token[len(continuing):], true
	}
	return token, false
}

func (p *wordPiece) preTokenizer() PreTokenizer { return BERT }

func (p *wordPiece) encode(dst []int32, text string, s *scratch) []int32 {
	w := &s.word
	w.Max = p.maxChars
	for {
		text = p.rules.Next(text, w)
		if w.Chars == 0 {
			return dst
		}
		dst = p.appendWord(dst, s)
	}
}

func (p *wordPiece) appendWord(dst []int32, s *scratch) []int32 {
	w, start := &s.word, len(dst)
	if w.Chars > p.maxChars {
		return append(dst, p.unknown)
	}
	for rest := w.Text; len(rest) > 0; {
		id, n := p.table.find(rest, len(rest) < len(w.Text), &s.hashes)
		if id < 0 {
			return append(dst[:start], p.unknown)
		}
		dst = append(dst, id)
		rest = rest[n:]
	}
	return dst
}

// decode writes the tokens as the reference's WordPiece decoder does.
func (p *wordPiece) decode(b *strings.Builder, ids []int32) {
	for i, id := range ids {
		token := p.token(id)
		if i > 0 {
			if after, inside := strings.CutPrefix(token, continuing); inside {
				token = after
			} else {
				token = " " + token
			}
		}
		if p.cleanup {
			for _, rule := range cleanups {
				token = strings.ReplaceAll(token, rule[0], rule[1])
			}
		}
		b.WriteString(token)
	}
}

// cleanups are the reference's replacements inside each token.
var cleanups = [...][2]string{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
	{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
}
