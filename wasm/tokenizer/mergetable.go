package tokenizer

import (
	"errors"
	"math/bits"
)

// merge joins two adjacent tokens into one.
type merge struct{ left, right, result uint32 }

// mergeTable finds the merge of a pair of tokens. The rank of a merge is its
// place in the list; lower goes first.
type mergeTable struct {
	list  []merge
	slots []uint32 // open addressing, rank+1, 0 is empty; a power of two long
	shift uint8    // 64 - log2(len(slots))
}

// noRank is what find returns for a pair that does not merge; larger than any
// rank.
const noRank = ^uint32(0)

// maxProbes bounds the search for a free slot, so that a list made to collide
// is refused instead of taking quadratic time. Real lists stay below 40.
const maxProbes = 512

func newMergeTable(list []merge) (mergeTable, error) {
	log := bits.Len(uint(2 * len(list)))
	t := mergeTable{list: list, slots: make([]uint32, 1<<log), shift: uint8(64 - log)}
	for rank, m := range list {
		slot, probes := t.home(m.left, m.right), 0
		for ; t.slots[slot] != 0; slot = (slot + 1) & (len(t.slots) - 1) {
			other := t.list[t.slots[slot]-1]
			if other.left == m.left && other.right == m.right {
				return t, fail("merges", rank, "repeats the pair of an earlier merge")
			}
			if probes++; probes > maxProbes {
				return t, errors.New("tokenizer: merges collide: the list was not made by training")
			}
		}
		t.slots[slot] = uint32(rank) + 1
	}
	return t, nil
}

// find returns the rank of the merge of a pair of tokens, or noRank.
func (t *mergeTable) find(left, right uint32) uint32 {
	slot := t.home(left, right)
	for {
		at := t.slots[slot]
		if at == 0 {
			return noRank
		}
		if m := &t.list[at-1]; m.left == left && m.right == right {
			return at - 1
		}
		slot = (slot + 1) & (len(t.slots) - 1)
	}
}

// home is the slot at which the search for a pair begins (multiplicative
// hashing; the first product spreads the left id over the bits of the right).
func (t *mergeTable) home(left, right uint32) int {
	h := uint64(left)*0x9E3779B97F4A7C15 + uint64(right)
	h = (h ^ h>>29) * 0xBF58476D1CE4E5B9
	return int(h >> t.shift)
}
