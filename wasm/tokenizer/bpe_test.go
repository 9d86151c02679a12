package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// mergeSlowly is byte-pair encoding as it is defined: look at all pairs, do the
// leftmost of the lowest rank, start again.
func mergeSlowly(t *bytePairs, word string) []int32 {
	var ids []int32
	for i := range len(word) {
		if id := t.bytes[word[i]]; id >= 0 {
			ids = append(ids, id)
		}
	}
	ranks := map[[2]int32]int{}
	for rank, m := range t.merges.list {
		ranks[[2]int32{int32(m.left), int32(m.right)}] = rank
	}
	for {
		best, at := len(ranks), -1
		for i := 0; i+1 < len(ids); i++ {
			if rank, ok := ranks[[2]int32{ids[i], ids[i+1]}]; ok && rank < best {
				best, at = rank, i
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = int32(t.merges.list[best].result)
		ids = slices.Delete(ids, at+1, at+2)
	}
}

func TestMergingByHeapAndByScanAreTheDefinition(t *testing.T) {
	tok := bytePairsOf(load(t, "gpt2"))
	rng := rand.New(rand.NewPCG(1, 2))
	letters := "aeinorst the\x04é"
	for range 300 {
		var b strings.Builder
		for range rng.IntN(3 * longWord) {
			b.WriteByte(letters[rng.IntN(len(letters))])
		}
		word := b.String()
		want := mergeSlowly(tok, word)
		if got := tok.mergeLong(nil, word, new(scratch)); !slices.Equal(got, want) {
			t.Fatalf("by heap %q: %v, want %v", word, got, want)
		}
		if got := tok.appendWord(nil, word, new(scratch)); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", word, got, want)
		}
	}
}

// TestPathologicalTextIsNotQuadratic gives a megabyte a time that quadratic
// work would exceed a thousandfold.
func TestPathologicalTextIsNotQuadratic(t *testing.T) {
	tok := load(t, "smollm2")
	for _, unit := range []string{"a", "ab", " ", "\n", "1", "é", "字", "=", "<", "<|", "\xff", "\x04", "'", "the"} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		start := time.Now()
		ids := tok.Encode(nil, text)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q: %v", unit, took)
		}
		back, err := tok.Decode(ids)
		if err != nil || back != withoutMissing(tok, text) {
			t.Errorf("%q does not come back: %v", unit, err)
		}
	}
}

func TestMergeTableRefusesRepeatsAndCollisions(t *testing.T) {
	if _, err := newMergeTable([]merge{{1, 2, 3}, {2, 1, 3}, {1, 2, 4}}); err == nil {
		t.Error("a repeated pair was accepted")
	}
	// Pairs of the same home slot, found by trial.
	const n = 2 * maxProbes
	var probe mergeTable
	probe.shift = 64 - 11 // of a table for n merges
	var list []merge
	for right := uint32(0); len(list) < n; right++ {
		if probe.home(0, right) == 0 {
			list = append(list, merge{0, right, 0})
		}
	}
	table, err := newMergeTable(list[:n/4])
	if err != nil {
		t.Fatal(err)
	}
	for rank, m := range list[:n/4] {
		if got := table.find(m.left, m.right); got != uint32(rank) {
			t.Fatalf("rank %d, want %d", got, rank)
		}
	}
	if _, err := newMergeTable(list[:n-1]); err == nil {
		t.Error("a thousand pairs in one slot were accepted")
	}
}

func TestRealMergesCollideLittle(t *testing.T) {
	table := bytePairsOf(load(t, "smollm2")).merges
	longest := 0
	for _, m := range table.list {
		probes := 0
		for slot := table.home(m.left, m.right); table.list[table.slots[slot]-1] != m; probes++ {
			slot = (slot + 1) & (len(table.slots) - 1)
		}
		longest = max(longest, probes)
	}
	t.Logf("%d merges in %d slots: at most %d probes", len(table.list), len(table.slots), longest)
	if longest > 40 {
		t.Errorf("%d probes", longest)
	}
}
