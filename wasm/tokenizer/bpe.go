package tokenizer

import (
	"strconv"
	"strings"
)

// bytePairs is byte-level byte-pair encoding.
type bytePairs struct {
	*tokens
	pre PreTokenizer
	// ignoreMerges: a word that is a token is that token, whatever the merges
	// would make of it.
	ignoreMerges bool
	bytes        [256]int32 // the token of each single byte, or -1
	merges       mergeTable
}

// newBytePairs completes a tokenizer whose tokens are set.
func newBytePairs(t *tokens, pre PreTokenizer, ignoreMerges bool, list []merge) (*Tokenizer, error) {
	m := &bytePairs{tokens: t, pre: pre, ignoreMerges: ignoreMerges}
	var err error
	if m.merges, err = newMergeTable(list); err != nil {
		return nil, err
	}
	if err := t.indexAdded(); err != nil {
		return nil, err
	}
	if err := m.indexBytes(); err != nil {
		return nil, err
	}
	return &Tokenizer{t, m}, nil
}

// indexBytes fills the table of bytes.
func (m *bytePairs) indexBytes() error {
	for b := range m.bytes {
		m.bytes[b] = -1
	}
	next := 0
	for id := range int32(m.count()) {
		text := m.token(id)
		if next < len(m.added) && m.added[next].id == id {
			next++
			if !sameInAlphabet(text) {
				continue // it is no word of the byte alphabet
			}
		}
		if len(text) != 1 {
			continue
		}
		if first := m.bytes[text[0]]; first >= 0 {
			return fail("tokens", id, "has the same bytes as token "+strconv.Itoa(int(first)))
		}
		m.bytes[text[0]] = id
	}
	return nil
}

func (m *bytePairs) preTokenizer() PreTokenizer { return m.pre }

func (m *bytePairs) encode(dst []int32, text string, s *scratch) []int32 {
	for len(text) > 0 {
		n := m.pre.next(text)
		dst = m.appendWord(dst, text[:n], s)
		text = text[n:]
	}
	return dst
}

func (m *bytePairs) decode(b *strings.Builder, ids []int32) {
	for _, id := range ids {
		b.WriteString(m.token(id))
	}
}

// longWord is the number of symbols from which a heap finds the next merge. For
// shorter words, which are almost all, looking at every pair is faster.
const longWord = 48

// appendWord appends the tokens of one word.
func (m *bytePairs) appendWord(dst []int32, word string, s *scratch) []int32 {
	if m.ignoreMerges {
		if id := m.find(word); id >= 0 {
			return append(dst, id)
		}
	}
	if len(word) > longWord {
		return m.mergeLong(dst, word, s)
	}
	// The symbols are merged where they stand, at the end of dst.
	first := len(dst)
	for i := range len(word) {
		if id := m.bytes[word[i]]; id >= 0 {
			dst = append(dst, id)
		}
	}
	return dst[:first+m.mergeShort(dst[first:])]
}

// mergeShort merges symbols, at most longWord, in place and returns how many
// are left.
func (m *bytePairs) mergeShort(symbols []int32) int {
	if len(symbols) < 2 {
		return len(symbols)
	}
	var ranks [longWord]uint32 // of the pair that begins at each symbol
	n := len(symbols)
	for i := range n - 1 {
		ranks[i] = m.merges.find(uint32(symbols[i]), uint32(symbols[i+1]))
	}
	for n > 1 {
		best, at := noRank, 0
		for i, r := range ranks[:n-1] {
			if r < best {
				best, at = r, i
			}
		}
		if best == noRank {
			break
		}
		symbols[at] = int32(m.merges.list[best].result)
		copy(symbols[at+1:n-1], symbols[at+2:n])
		n--
		if at < n-1 {
			copy(ranks[at+1:n-1], ranks[at+2:n])
			ranks[at] = m.merges.find(uint32(symbols[at]), uint32(symbols[at+1]))
		}
		if at > 0 {
			ranks[at-1] = m.merges.find(uint32(symbols[at-1]), uint32(symbols[at]))
		}
	}
	return n
}

// symbol is an element of the doubly linked list into which mergeLong puts a
// word. The links are indices, -1 at the ends.
type symbol struct {
	id         int32
	prev, next int32
	rank       uint32 // of the pair it forms with next; noRank once it is gone
}

// mergeLong does what mergeShort does in O(n log n).
func (m *bytePairs) mergeLong(dst []int32, word string, s *scratch) []int32 {
	s.grow(len(word))
	list := s.symbols[:0]
	for i := range len(word) {
		if id := m.bytes[word[i]]; id >= 0 {
			at := int32(len(list))
			list = append(list, symbol{id: id, prev: at - 1, next: at + 1})
		}
	}
	queue := s.queue[:0]
	for i := range list {
		list[i].rank = noRank
		if i+1 == len(list) {
			list[i].next = -1
		} else if r := m.merges.find(uint32(list[i].id), uint32(list[i+1].id)); r != noRank {
			list[i].rank = r
			queue = append(queue, newCandidate(r, int32(i)))
		}
	}
	queue.init()

	for len(queue) > 0 {
		rank, at := queue.pop()
		left := &list[at]
		if left.rank != rank {
			continue // the pair has changed since it was queued
		}
		right := &list[left.next]
		left.id = int32(m.merges.list[rank].result)
		left.next = right.next
		right.rank = noRank
		if left.next >= 0 {
			list[left.next].prev = at
		}
		m.requeue(list, &queue, at)
		if left.prev >= 0 {
			m.requeue(list, &queue, left.prev)
		}
	}
	for i := int32(0); i >= 0 && int(i) < len(list); i = list[i].next {
		dst = append(dst, list[i].id)
	}
	s.symbols, s.queue = list, queue
	return dst
}

// requeue looks up the pair that begins at a symbol again, after one of its two
// sides has changed.
func (m *bytePairs) requeue(list []symbol, queue *candidates, at int32) {
	left := &list[at]
	left.rank = noRank
	if left.next < 0 {
		return
	}
	left.rank = m.merges.find(uint32(left.id), uint32(list[left.next].id))
	if left.rank != noRank {
		queue.push(newCandidate(left.rank, at))
	}
}
