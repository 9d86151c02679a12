package tokenizer

// longWord is the number of symbols from which a heap finds the next merge. For
// shorter words, which are almost all, looking at every pair is faster.
const longWord = 48

// appendWord appends the tokens of one word.
func (t *Tokenizer) appendWord(dst []int32, word string, s *scratch) []int32 {
	if t.ignoreMerges {
		if id, _ := t.find(word); id >= 0 {
			return append(dst, id)
		}
	}
	if len(word) > longWord {
		return t.mergeLong(dst, word, s)
	}
	// The symbols are merged where they stand, at the end of dst.
	first := len(dst)
	for i := range len(word) {
		if id := t.bytes[word[i]]; id >= 0 {
			dst = append(dst, id)
		}
	}
	return dst[:first+t.mergeShort(dst[first:])]
}

// mergeShort merges symbols, at most longWord, in place and returns how many
// are left.
func (t *Tokenizer) mergeShort(symbols []int32) int {
	if len(symbols) < 2 {
		return len(symbols)
	}
	var ranks [longWord]uint32 // of the pair that begins at each symbol
	n := len(symbols)
	for i := range n - 1 {
		ranks[i] = t.merges.find(uint32(symbols[i]), uint32(symbols[i+1]))
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
		symbols[at] = int32(t.merges.list[best].result)
		copy(symbols[at+1:n-1], symbols[at+2:n])
		n--
		if at < n-1 {
			copy(ranks[at+1:n-1], ranks[at+2:n])
			ranks[at] = t.merges.find(uint32(symbols[at]), uint32(symbols[at+1]))
		}
		if at > 0 {
			ranks[at-1] = t.merges.find(uint32(symbols[at-1]), uint32(symbols[at]))
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
func (t *Tokenizer) mergeLong(dst []int32, word string, s *scratch) []int32 {
	s.grow(len(word))
	list := s.symbols[:0]
	for i := range len(word) {
		if id := t.bytes[word[i]]; id >= 0 {
			at := int32(len(list))
			list = append(list, symbol{id: id, prev: at - 1, next: at + 1})
		}
	}
	queue := s.queue[:0]
	for i := range list {
		list[i].rank = noRank
		if i+1 == len(list) {
			list[i].next = -1
		} else if r := t.merges.find(uint32(list[i].id), uint32(list[i+1].id)); r != noRank {
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
		left.id = int32(t.merges.list[rank].result)
		left.next = right.next
		right.rank = noRank
		if left.next >= 0 {
			list[left.next].prev = at
		}
		t.requeue(list, &queue, at)
		if left.prev >= 0 {
			t.requeue(list, &queue, left.prev)
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
func (t *Tokenizer) requeue(list []symbol, queue *candidates, at int32) {
	left := &list[at]
	left.rank = noRank
	if left.next < 0 {
		return
	}
	left.rank = t.merges.find(uint32(left.id), uint32(list[left.next].id))
	if left.rank != noRank {
		queue.push(newCandidate(left.rank, at))
	}
}
