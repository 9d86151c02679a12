package tokenizer

import (
	"sync"

	"github.com/effir/effir/wasm/tokenizer/internal/bert"
)

// Encode appends the ids of text to dst, without any template (no beginning or
// end tokens). Added tokens that occur in text become their ids. It does not
// allocate if dst has room for one id per byte of text. text must be shorter
// than 2 GiB.
func (t *Tokenizer) Encode(dst []int32, text string) []int32 {
	s := scratchPool.Get().(*scratch)
	for len(text) > 0 {
		id, start, end := t.trie.find(text)
		dst = t.model.encode(dst, text[:start], s)
		if id >= 0 {
			dst = append(dst, id)
		}
		text = text[end:]
	}
	s.release()
	return dst
}

// scratch is the memory that words need.
type scratch struct {
	symbols []symbol
	queue   candidates
	word    bert.Word
	hashes  []uint64
}

// maxKept is the number of symbols above which scratch is not kept.
const maxKept = 1 << 16

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

// grow makes room for a word of n bytes.
func (s *scratch) grow(n int) {
	if cap(s.symbols) < n {
		s.symbols = make([]symbol, 0, n)
		s.queue = make(candidates, 0, 2*n)
	}
}

func (s *scratch) release() {
	if cap(s.symbols) > maxKept || cap(s.queue) > 4*maxKept {
		*s = scratch{}
	}
	scratchPool.Put(s)
}
