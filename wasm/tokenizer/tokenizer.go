package tokenizer

import "strings"

// Tokenizer turns text into token ids and back. It does not change after it is
// made and may be used by several goroutines at once.
type Tokenizer struct {
	*tokens
	model model
}

// model is what makes tokens of text: *bytePairs or *wordPiece.
type model interface {
	// encode appends the ids of a text without added tokens.
	encode(dst []int32, text string, s *scratch) []int32
	// decode writes the text of ids, which all exist.
	decode(b *strings.Builder, ids []int32)
	// preTokenizer returns the rule by which text is split into words.
	preTokenizer() PreTokenizer
	// marshal appends the compact form.
	marshal(b []byte) []byte
}

// Kind says how a token may come about.
type Kind uint8

const (
	// Normal tokens spell words (GGUF token_type 1).
	Normal Kind = iota
	// Added tokens are found in the text before it is split (GGUF token_type 4).
	Added
	// Special tokens are Added tokens that mark structure, such as
	// <|endoftext|> or [SEP] (GGUF token_type 3).
	Special
)

// Len returns the number of tokens; ids are 0 to Len()-1.
func (t *Tokenizer) Len() int { return t.count() }

// PreTokenizer returns the rule by which text is split into words; BERT for
// every WordPiece tokenizer.
func (t *Tokenizer) PreTokenizer() PreTokenizer { return t.model.preTokenizer() }

// Token returns the bytes that id stands for (" the", not "Ġthe"; but "##ing" of
// a WordPiece tokenizer, since "ing" is another token); false if there is no such
// id. The bytes need not be valid UTF-8.
func (t *Tokenizer) Token(id int32) (string, bool) {
	if id < 0 || int(id) >= t.Len() {
		return "", false
	}
	return t.token(id), true
}

// ID returns the token that stands for the given bytes. If an added token and a
// normal one do, it is the added one.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id := t.find(token)
	return id, id >= 0
}

// Kind returns the kind of a token; Normal for ids that do not exist.
func (t *Tokenizer) Kind(id int32) Kind {
	for _, a := range t.added {
		if a.id == id {
			if a.special {
				return Special
			}
			return Added
		}
	}
	return Normal
}
