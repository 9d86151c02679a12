package tokenizer

import (
	"errors"
	"strconv"

	"github.com/effir/effir/wasm/tokenizer/internal/bert"
)

// WordPieces is a WordPiece tokenizer as model files spell it out.
type WordPieces struct {
	// Tokens by id. Those that go on inside a word begin with "##".
	Tokens []string
	// Kinds of the tokens, as many as Tokens; nil if all are Normal. Words may be
	// made of tokens of every kind.
	Kinds []Kind
	// Unknown is the token for words that cannot be spelled.
	Unknown string
	// MaxChars is the length in characters above which a word is Unknown; 1 to
	// 1024.
	MaxChars int
	// The fields of the reference's BertNormalizer.
	CleanText, HandleChineseChars, StripAccents, Lowercase bool
	// Cleanup makes Decode remove the space before . , ? ! and contractions.
	Cleanup bool
}

// FromWordPieces builds a tokenizer. Errors name the list and index at fault: a
// token that is empty, repeated or longer than 4096 bytes; an unknown token that
// is no token.
func FromWordPieces(v WordPieces) (*Tokenizer, error) {
	p := &wordPiece{
		tokens: new(tokens),
		options: bert.Options{
			CleanText: v.CleanText, Ideographs: v.HandleChineseChars,
			StripAccents: v.StripAccents, Lowercase: v.Lowercase,
		},
		maxChars: v.MaxChars,
		cleanup:  v.Cleanup,
	}
	if v.MaxChars < 1 || v.MaxChars > maxWordChars {
		return nil, errors.New("tokenizer: words of at most " + strconv.Itoa(v.MaxChars) +
			" characters: the number must be 1 to " + strconv.Itoa(maxWordChars))
	}
	ids, err := p.set(v.Tokens, v.Kinds, func(dst []byte, token string) ([]byte, bool) {
		return append(dst, token...), true
	})
	if err != nil {
		return nil, err
	}
	unknown, ok := ids[v.Unknown]
	if !ok {
		return nil, errors.New("tokenizer: the unknown token " + strconv.Quote(v.Unknown) + " is no token")
	}
	p.unknown = int32(unknown)
	return newWordPiece(p)
}
