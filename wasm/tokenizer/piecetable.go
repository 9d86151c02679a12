package tokenizer

import (
	"errors"
	"math/bits"
	"strconv"
)

// pieceTable finds the longest token at the start of what is left of a word, by
// hashes that a pass over the word makes of all its beginnings.
type pieceTable struct {
	tokens *tokens
	// slots is open addressing, a power of two long: id+1 in the lower 21 bits (0
	// is empty), above them bits of the hash, so that few tokens are compared.
	slots   []uint32
	shift   uint8 // 64 - log2(len(slots))
	longest int   // length in bytes of the longest token
}

const (
	idBits = 21
	idMask = 1<<idBits - 1
)

// Hashing of tokens, byte by byte (FNV-1a).
const (
	hashStart = 0xCBF29CE484222325
	hashPrime = 0x100000001B3
)

// hashInside is the hash of "##", from which pieces inside a word begin.
var hashInside = hashOf(hashStart, continuing)

func hashOf(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * hashPrime
	}
	return h
}

// newPieceTable holds all tokens. Tokens of the same text are an error, and so
// are tokens that were made to collide.
func newPieceTable(t *tokens) (pieceTable, error) {
	log := bits.Len(uint(2 * t.count()))
	p := pieceTable{tokens: t, slots: make([]uint32, 1<<log), shift: uint8(64 - log)}
	for id := range int32(t.count()) {
		token := t.token(id)
		p.longest = max(p.longest, len(token))
		slot, tag := p.home(hashOf(hashStart, token))
		for probes := 0; p.slots[slot] != 0; probes++ {
			if v := p.slots[slot]; v&^idMask == tag && t.token(int32(v&idMask)-1) == token {
				return p, fail("tokens", id, "has the same text as token "+strconv.Itoa(int(v&idMask)-1))
			}
			if probes == maxProbes {
				return p, errors.New("tokenizer: tokens collide: the list was not made by training")
			}
			slot = (slot + 1) & (len(p.slots) - 1)
		}
		p.slots[slot] = tag | uint32(id+1)
	}
	return p, nil
}

// home is the slot at which the search for a hash begins, and the bits that are
// kept with the id.
func (p *pieceTable) home(h uint64) (slot int, tag uint32) {
	h = (h ^ h>>32) * 0x9E3779B97F4A7C15
	return int(h >> p.shift), uint32(h) &^ idMask
}

// find returns the longest token that word begins with, and its length; inside a
// word only ## tokens count, whose ## is not part of word. id is -1 if there is
// none. hashes is memory to work with.
func (p *pieceTable) find(word []byte, inside bool, hashes *[]uint64) (id int32, n int) {
	h, skip := uint64(hashStart), 0
	if inside {
		h, skip = hashInside, len(continuing)
	}
	list := (*hashes)[:0]
	for _, c := range word[:min(len(word), max(p.longest-skip, 0))] {
		h = (h ^ uint64(c)) * hashPrime
		list = append(list, h)
	}
	*hashes = list
	for n := len(list); n > 0; n-- {
		slot, tag := p.home(list[n-1])
		for v := p.slots[slot]; v != 0; v = p.slots[slot] {
			if v&^idMask == tag {
				id := int32(v&idMask) - 1
				if token := p.tokens.token(id); len(token) == skip+n && token[skip:] == string(word[:n]) && token[:skip] == continuing[:skip] {
					return id, n
				}
			}
			slot = (slot + 1) & (len(p.slots) - 1)
		}
	}
	return -1, 0
}
