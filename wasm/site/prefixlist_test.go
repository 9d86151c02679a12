package site

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
)

// allTerms reads every term of a bundle, without the lists of prefixes, ascending.
func allTerms(t *testing.T, s *Site) (terms []shardTerm, lists map[string]shardTerm) {
	t.Helper()
	lists = make(map[string]shardTerm)
	for number := range s.directory.termShards {
		shard, err := s.loadTermShard(number)
		if err != nil {
			t.Fatal(err)
		}
		for _, term := range shard.terms {
			if prefix, ok := strings.CutPrefix(term.text, prefixMark); ok {
				lists[prefix] = term
			} else {
				terms = append(terms, term)
			}
		}
	}
	return terms, lists
}

// Every prefix whose terms lie in more than two shards, and no other, has a list,
// which holds what completing it from all its terms would find.
func TestPrefixListsHoldWhatAllShardsHold(t *testing.T) {
	s := opened(t, written(t, testContent(t, 1500, 0)))
	if _, err := s.Search(Query{Text: "x"}); err != nil { // reads the directory
		t.Fatal(err)
	}
	terms, lists := allTerms(t, s)
	prefixes := make(map[string]int) // from the shard where the first term would be: shards up to that of the last
	for _, term := range terms {
		runes := []rune(term.text)
		for length := index.MinPrefixRunes; length <= len(runes); length++ {
			prefix := string(runes[:length])
			prefixes[prefix] = s.directory.termShard(term.text) - max(s.directory.termShard(prefix), 0) + 1
		}
	}
	cut := 0
	for prefix, shards := range prefixes {
		list, listed := lists[prefix]
		if listed != (shards > 2) {
			t.Errorf("%q goes through %d shards, has a list: %v", prefix, shards, listed)
		}
		if !listed {
			continue
		}
		var chosen []shardTerm
		for _, term := range terms {
			if strings.HasPrefix(term.text, prefix) && term.text != prefix {
				chosen = append(chosen, term)
			}
		}
		slices.SortStableFunc(chosen, func(a, b shardTerm) int { return cmp.Compare(b.df, a.df) })
		want := make(map[int]byte)
		for _, term := range chosen[:min(len(chosen), index.MaxCompletions)] {
			term.each(func(passage int, impact byte) { want[passage] = max(want[passage], impact) })
		}
		if list.df != len(want) || list.listed != min(len(want), maxPrefixListed) {
			t.Errorf("%q: %d passages and %d listed, want %d", prefix, list.df, list.listed, len(want))
		}
		if list.listed < list.df {
			cut++
		}
		lowest := byte(255)
		list.each(func(passage int, impact byte) {
			if want[passage] != impact {
				t.Errorf("%q: passage %d has impact %d, want %d", prefix, passage, impact, want[passage])
			}
			delete(want, passage)
			lowest = min(lowest, impact)
		})
		for passage, impact := range want {
			if impact > lowest {
				t.Errorf("%q: passage %d with impact %d is not listed, one with %d is", prefix, passage, impact, lowest)
			}
		}
	}
	if len(lists) < 5 || cut == 0 {
		t.Errorf("%d prefixes have a list, %d are cut: this tests little", len(lists), cut)
	}
	t.Logf("%d lists, %d cut, %d term shards", len(lists), cut, len(s.directory.termShards))
}

// Two letters complete to words of all shards, for one file.
func TestTwoLettersCompleteFromAllShards(t *testing.T) {
	c := testContent(t, 1500, 0)
	dir := written(t, c)
	s := opened(t, dir)
	if _, err := s.Search(Query{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	terms, lists := allTerms(t, s)
	tried := 0
	for prefix := range lists {
		first := max(s.directory.termShard(prefix), 0)
		// A term beyond two shards, among those that count.
		var far *shardTerm
		for i := range terms {
			if strings.HasPrefix(terms[i].text, prefix) && s.directory.termShard(terms[i].text) > first+1 && (far == nil || terms[i].df > far.df) {
				far = &terms[i]
			}
		}
		if len([]rune(prefix)) != 2 || far == nil || far.df < 30 {
			continue
		}
		tried++
		hits := search(t, s, Query{Text: prefix, Typing: true, Limit: maxLimit})
		found := false
		for _, hit := range hits {
			for _, p := range hit.Passages {
				far.each(func(passage int, _ byte) { found = found || passage == p.Number })
			}
		}
		if !found {
			t.Errorf("%q finds none of the passages with %q", prefix, far.text)
		}
		fresh := opened(t, dir)
		if hits := search(t, fresh, Query{Text: prefix, Typing: true, Limit: 1}); len(hits) != 1 {
			t.Errorf("%q: %d hits", prefix, len(hits))
		}
		// The manifest, the directory, the shards of the word and of its list, and at most three of passages.
		if files, _ := fresh.Transferred(); files > 7 {
			t.Errorf("%q took %d files", prefix, files)
		}
	}
	if tried == 0 {
		t.Error("no prefix was tried")
	}
}

// A bundle without the lists, as older ones are, is completed from two shards.
func TestWidePrefixWithoutList(t *testing.T) {
	s := opened(t, written(t, testContent(t, 1500, 0)))
	if _, err := s.Search(Query{Text: "x"}); err != nil {
		t.Fatal(err)
	}
	_, lists := allTerms(t, s)
	shards := s.directory.termShards
	for len(shards) > 0 && strings.HasPrefix(shards[len(shards)-1].first, prefixMark) {
		shards = shards[:len(shards)-1]
	}
	s.directory.termShards = shards
	for prefix := range lists {
		if hits := search(t, s, Query{Text: prefix, Typing: true}); len(hits) == 0 {
			t.Errorf("%q finds nothing", prefix)
		}
	}
}
