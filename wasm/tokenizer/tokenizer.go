package tokenizer

import (
	"errors"
	"hash/maphash"
	"strconv"
	"sync"
)

// Tokenizer turns text into token ids and back. It does not change after it is
// made and may be used by several goroutines at once.
type Tokenizer struct {
	pre PreTokenizer
	// ignoreMerges: a word that is a token is that token, whatever the merges
	// would make of it.
	ignoreMerges bool

	text    string   // the bytes of all tokens, one after the other
	offsets []uint32 // token i is text[offsets[i]:offsets[i+1]]
	added   []addedToken
	trie    trie
	bytes   [256]int32 // the token of each single byte, or -1
	merges  mergeTable

	lookup struct {
		once sync.Once
		seed maphash.Seed
		ids  []int32 // open addressing, id+1, 0 is empty
	}
}

// Kind says how a token may come about.
type Kind uint8

const (
	// Normal tokens come from merging bytes (GGUF token_type 1).
	Normal Kind = iota
	// Added tokens are found in the text before it is split (GGUF token_type 4).
	Added
	// Special tokens are Added tokens that mark structure, such as
	// <|endoftext|> (GGUF token_type 3).
	Special
)

type addedToken struct {
	id      int32
	special bool
}

// Len returns the number of tokens; ids are 0 to Len()-1.
func (t *Tokenizer) Len() int { return len(t.offsets) - 1 }

// PreTokenizer returns the rule by which text is split into words.
func (t *Tokenizer) PreTokenizer() PreTokenizer { return t.pre }

// Token returns the bytes that id stands for (" the", not "Ġthe"); false if
// there is no such id. The bytes need not be valid UTF-8.
func (t *Tokenizer) Token(id int32) (string, bool) {
	if id < 0 || int(id) >= t.Len() {
		return "", false
	}
	return t.token(id), true
}

// ID returns the token that stands for the given bytes. If an added token and a
// normal one do, it is the added one.
func (t *Tokenizer) ID(token string) (int32, bool) {
	t.lookup.once.Do(t.makeLookup)
	id, _ := t.find(token)
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

func (t *Tokenizer) token(id int32) string {
	return t.text[t.offsets[id]:t.offsets[id+1]]
}

// find returns the token with these bytes, or -1 and the free slot for it.
func (t *Tokenizer) find(token string) (id int32, slot int) {
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

func (t *Tokenizer) makeLookup() {
	size := 4
	for size < 2*t.Len() {
		size *= 2
	}
	t.lookup.seed = maphash.MakeSeed()
	t.lookup.ids = make([]int32, size)
	insert := func(id int32) {
		if found, slot := t.find(t.token(id)); found < 0 {
			t.lookup.ids[slot] = id + 1
		}
	}
	for _, a := range t.added {
		insert(a.id)
	}
	for id := range t.Len() {
		insert(int32(id))
	}
}

// index fills what is derived from the tokens: the table of bytes and the trie
// of added tokens. added must be ascending.
func (t *Tokenizer) index() error {
	for b := range t.bytes {
		t.bytes[b] = -1
	}
	next := 0
	for id := range int32(t.Len()) {
		text := t.token(id)
		if next < len(t.added) && t.added[next].id == id {
			next++
			if err := t.trie.insert(text, id); err != nil {
				return err
			}
			if !sameInAlphabet(text) {
				continue // it is no word of the byte alphabet
			}
		}
		if len(text) != 1 {
			continue
		}
		if first := t.bytes[text[0]]; first >= 0 {
			return fail("tokens", id, "has the same bytes as token "+strconv.Itoa(int(first)))
		}
		t.bytes[text[0]] = id
	}
	return nil
}

// fail is an error about one entry of a list.
func fail[T ~int | ~int32 | ~uint32](list string, index T, what string) error {
	return errors.New("tokenizer: " + list + "[" + strconv.Itoa(int(index)) + "] " + what)
}
