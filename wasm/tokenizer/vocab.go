package tokenizer

import (
	"errors"
	"strconv"
	"strings"
)

// Vocabulary is a BPE tokenizer as model files spell it out.
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

// FromVocab builds a BPE tokenizer. Errors name the list and index at fault: a token
// that is empty, repeated, longer than 4096 bytes or outside the byte alphabet;
// a merge of tokens that do not exist, or whose result does not; a merge that
// is listed twice.
func FromVocab(v Vocabulary) (*Tokenizer, error) {
	if v.PreTokenizer < GPT2 || v.PreTokenizer > Qwen2 {
		return nil, errors.New("tokenizer: pre-tokenizer " + strconv.Itoa(int(v.PreTokenizer)) + " is unknown")
	}
	t := new(tokens)
	ids, err := t.set(v.Tokens, v.Kinds, fromAlphabet)
	if err != nil {
		return nil, err
	}
	list, err := mergeList(v, ids)
	if err != nil {
		return nil, err
	}
	return newBytePairs(t, v.PreTokenizer, v.IgnoreMerges, list)
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
