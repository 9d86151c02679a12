package tokenizer

// candidate is a merge that may be done next: its rank in the upper 32 bits, the
// place of its left symbol in the lower, so that smaller goes first.
type candidate uint64

func newCandidate(rank uint32, at int32) candidate {
	return candidate(rank)<<32 | candidate(uint32(at))
}

// candidates is a binary min-heap.
type candidates []candidate

func (h candidates) init() {
	for i := len(h)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

func (h *candidates) push(c candidate) {
	*h = append(*h, c)
	q := *h
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if q[parent] <= q[i] {
			break
		}
		q[parent], q[i] = q[i], q[parent]
		i = parent
	}
}

func (h *candidates) pop() (rank uint32, at int32) {
	q := *h
	c := q[0]
	last := len(q) - 1
	q[0] = q[last]
	*h = q[:last]
	h.down(0)
	return uint32(c >> 32), int32(uint32(c))
}

func (h candidates) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1] < h[child] {
			child++
		}
		if h[i] <= h[child] {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
