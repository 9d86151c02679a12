package tokenizer

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of every source, so that no file makes us allocate without bound.
const (
	maxTokens      = 1 << 20
	maxTokenLength = 1 << 12 // bytes
	maxTextLength  = 1 << 25 // bytes, all tokens together
)

// Vocabulary is a tokenizer as model files spell it out.
type Vocabulary struct {
	// Tokens by id: normal ones in the byte alphabet ("Ġthe"), others as plain
	// text.
	Tokens []string
	// Kinds of the tokens, as many as Tokens; nil if all are Normal.
	Kinds []Kind
	// Merges by rank, each "left right" in the byte alphabet.
	Merges []string
	// PreTokenizer splits text into words.
	PreTokenizer PreTokenizer
	// IgnoreMerges makes a word that is a token that token at once (Llama 3).
	IgnoreMerges bool
}

// FromVocab builds a tokenizer. Errors name the list and index at fault: a token
// that is empty, repeated, longer than 4096 bytes or outside the byte alphabet;
// a merge of tokens that do not exist, or whose result does not; a merge that
// is listed twice.
func FromVocab(v Vocabulary) (*Tokenizer, error) {
	if v.PreTokenizer < GPT2 || v.PreTokenizer > Qwen2 {
		return nil, errors.New("tokenizer: pre-tokenizer " + strconv.Itoa(int(v.PreTokenizer)) + " is unknown")
	}
	if v.Kinds != nil && len(v.Kinds) != len(v.Tokens) {
		return nil, errors.New("tokenizer: " + strconv.Itoa(len(v.Kinds)) + " kinds for " +
			strconv.Itoa(len(v.Tokens)) + " tokens: the numbers must be equal")
	}
	t := &Tokenizer{pre: v.PreTokenizer, ignoreMerges: v.IgnoreMerges}
	ids, err := t.setTokens(v)
	if err != nil {
		return nil, err
	}
	list, err := mergeList(v, ids)
	if err != nil {
		return nil, err
	}
	if t.merges, err = newMergeTable(list); err != nil {
		return nil, err
	}
	if err := t.index(); err != nil {
		return nil, err
	}
	return t, nil
}

// setTokens fills text, offsets and added, and returns the ids of all tokens as
// they are spelled.
func (t *Tokenizer) setTokens(v Vocabulary) (map[string]uint32, error) {
	if len(v.Tokens) == 0 || len(v.Tokens) > maxTokens {
		return nil, errors.New("tokenizer: " + strconv.Itoa(len(v.Tokens)) +
			" tokens: there must be 1 to " + strconv.Itoa(maxTokens))
	}
	ids := make(map[string]uint32, len(v.Tokens))
	t.offsets = make([]uint32, 1, len(v.Tokens)+1)
	var text []byte
	for i, token := range v.Tokens {
		switch {
		case token == "":
			return nil, fail("tokens", i, "is empty")
		case len(token) > maxTokenLength:
			return nil, fail("tokens", i, "is longer than "+strconv.Itoa(maxTokenLength)+" bytes")
		case !utf8.ValidString(token):
			return nil, fail("tokens", i, "is not valid UTF-8")
		}
		if first, ok := ids[token]; ok {
			return nil, fail("tokens", i, "is the same as token "+strconv.Itoa(int(first)))
		}
		ids[token] = uint32(i)

		kind := Normal
		if v.Kinds != nil {
			kind = v.Kinds[i]
		}
		switch kind {
		case Normal:
			var ok bool
			if text, ok = fromAlphabet(text, token); !ok {
				return nil, fail("tokens", i, strconv.Quote(token)+" has characters outside the byte alphabet: "+
					"only byte-level vocabularies are supported")
			}
		case Added, Special:
			text = append(text, token...)
			t.added = append(t.added, addedToken{int32(i), kind == Special})
		default:
			return nil, fail("kinds", i, "is unknown")
		}
		if len(text) > maxTextLength {
			return nil, errors.New("tokenizer: tokens are longer than " + strconv.Itoa(maxTextLength) + " bytes together")
		}
		t.offsets = append(t.offsets, uint32(len(text)))
	}
	t.text = string(text)
	return ids, nil
}

// mergeList turns the merges into ids.
func mergeList(v Vocabulary, ids map[string]uint32) ([]merge, error) {
	if len(v.Merges) > maxTokens {
		return nil, errors.New("tokenizer: " + strconv.Itoa(len(v.Merges)) +
			" merges: there may be at most " + strconv.Itoa(maxTokens))
	}
	list := make([]merge, len(v.Merges))
	for i, line := range v.Merges {
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" {
			return nil, fail("merges", i, strconv.Quote(line)+" is not of the form \"left right\"")
		}
		for j, token := range [3]string{left, right, left + right} {
			id, ok := ids[token]
			if !ok {
				return nil, fail("merges", i, "names "+strconv.Quote(token)+", which is no token")
			}
			if v.Kinds != nil && v.Kinds[id] != Normal && !sameInAlphabet(token) {
				return nil, fail("merges", i, "names "+strconv.Quote(token)+", which is an added token")
			}
			*[3]*uint32{&list[i].left, &list[i].right, &list[i].result}[j] = id
		}
	}
	return list, nil
}
