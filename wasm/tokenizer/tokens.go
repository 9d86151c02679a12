package tokenizer

import (
	"errors"
	"hash/maphash"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Limits of every source, so that no file makes us allocate without bound.
const (
	maxTokens      = 1 << 20
	maxTokenLength = 1 << 12 // bytes
	maxTextLength  = 1 << 25 // bytes, all tokens together
)

// tokens is the list of tokens that both kinds of model share.
type tokens struct {
	text    string   // the bytes of all tokens, one after the other
	offsets []uint32 // token i is text[offsets[i]:offsets[i+1]]
	added   []addedToken
	trie    trie // of the added tokens

	lookup struct {
		once sync.Once
		seed maphash.Seed
		ids  []int32 // open addressing, id+1, 0 is empty
	}
}

type addedToken struct {
	id      int32
	special bool
}

func (t *tokens) count() int { return len(t.offsets) - 1 }

func (t *tokens) token(id int32) string {
	return t.text[t.offsets[id]:t.offsets[id+1]]
}

// find returns the token with these bytes, or -1.
func (t *tokens) find(token string) int32 {
	t.lookup.once.Do(t.makeLookup)
	id, _ := t.probe(token)
	return id
}

// probe returns the token with these bytes, or -1 and the free slot for it.
func (t *tokens) probe(token string) (id int32, slot int) {
	mask := len(t.lookup.ids) - 1
	slot = int(maphash.String(t.lookup.seed, token)) & mask
	for {
		at := t.lookup.ids[slot]
		if at == 0 {
			return -1, slot
		}
		if t.token(at-1) == token {
			return at - 1, slot
		}
		slot = (slot + 1) & mask
	}
}

func (t *tokens) makeLookup() {
	size := 4
	for size < 2*t.count() {
		size *= 2
	}
	t.lookup.seed = maphash.MakeSeed()
	t.lookup.ids = make([]int32, size)
	insert := func(id int32) {
		if found, slot := t.probe(t.token(id)); found < 0 {
			t.lookup.ids[slot] = id + 1
		}
	}
	for _, a := range t.added {
		insert(a.id)
	}
	for id := range t.count() {
		insert(int32(id))
	}
}

// set fills text, offsets and added, and returns the ids of all tokens as they
// are spelled. appendBytes appends the bytes that the spelling of a Normal token
// stands for; false if it is none.
func (t *tokens) set(list []string, kinds []Kind, appendBytes func(dst []byte, token string) ([]byte, bool)) (map[string]uint32, error) {
	if len(list) == 0 || len(list) > maxTokens {
		return nil, errors.New("tokenizer: " + strconv.Itoa(len(list)) +
			" tokens: there must be 1 to " + strconv.Itoa(maxTokens))
	}
	if kinds != nil && len(kinds) != len(list) {
		return nil, errors.New("tokenizer: " + strconv.Itoa(len(kinds)) + " kinds for " +
			strconv.Itoa(len(list)) + " tokens: the numbers must be equal")
	}
	ids := make(map[string]uint32, len(list))
	t.offsets = make([]uint32, 1, len(list)+1)
	var text []byte
	for i, token := range list {
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
		if kinds != nil {
			kind = kinds[i]
		}
		switch kind {
		case Normal:
			var ok bool
			if text, ok = appendBytes(text, token); !ok {
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

// indexAdded fills the trie of the added tokens, which must be ascending.
func (t *tokens) indexAdded() error {
	for _, a := range t.added {
		if err := t.trie.insert(t.token(a.id), a.id); err != nil {
			return fail("added_tokens", a.id, "has the same text as another added token")
		}
	}
	return nil
}

// fail is an error about one entry of a list.
func fail[T ~int | ~int32 | ~uint32](list string, index T, what string) error {
	return errors.New("tokenizer: " + list + "[" + strconv.Itoa(int(index)) + "] " + what)
}
