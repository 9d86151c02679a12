package site

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// keyword returns the depth best allowed passages by BM25.
func (s *Site) keyword(d *directory, q Query, terms []index.QueryTerm, allowed []bool, depth int) ([]retriever.Hit, error) {
	k := keywordSearch{site: s, directory: d, found: make(map[int]*sums), exact: make(map[string]bool)}
	for _, term := range terms {
		if err := k.addTerm(term); err != nil {
			return nil, err
		}
	}
	if q.Typing {
		if err := k.addCompletions(index.LastWord(q.Text)); err != nil {
			return nil, err
		}
	}
	matches := make([]index.Match, 0, len(k.found))
	for passage, sums := range k.found {
		if allowed == nil || allowed[d.page(passage)] {
			matches = append(matches, index.Match{Doc: passage, Score: sums.score})
		}
	}
	slices.SortFunc(matches, index.CompareMatches)
	hits := make([]retriever.Hit, min(depth, len(matches)))
	for i := range hits {
		m := matches[i]
		fit := index.Fit(m.Score, k.found[m.Doc].covered, k.total)
		hits[i] = retriever.Hit{Doc: m.Doc, Score: m.Score, KeywordRank: i + 1, KeywordScore: m.Score, KeywordFit: fit}
	}
	return hits, nil
}

// keywordSearch adds up the scores of one query.
type keywordSearch struct {
	site      *Site
	directory *directory
	found     map[int]*sums   // by passage
	total     float32         // weights of all terms that any passage holds
	exact     map[string]bool // indexed terms of the query
}

// sums are what a passage has of a query so far: BM25, and the weights of the terms
// that it holds.
type sums struct{ score, covered float32 }

func (k *keywordSearch) addTerm(term index.QueryTerm) error {
	number := k.directory.termShard(term.Text)
	if number < 0 {
		return nil
	}
	shard, err := k.site.loadTermShard(number)
	if err != nil {
		return err
	}
	if found := shard.find(term.Text); found != nil {
		k.exact[term.Text] = true
		weight := float32(float32(term.Count) * index.IDF(k.directory.passages(), found.df))
		k.total += weight
		found.each(func(passage int, impact byte) { k.add(passage, weight, impact) })
	}
	return nil
}

func (k *keywordSearch) add(passage int, weight float32, impact byte) {
	s := k.found[passage]
	if s == nil {
		s = new(sums)
		k.found[passage] = s
	}
	s.score += float32(weight * (float32(impact) / 255))
	s.covered += weight
}

// addCompletions adds the score of the terms that an unfinished word stands for, as
// one term that a passage holds if it holds any of them.
func (k *keywordSearch) addCompletions(word string) error {
	terms, err := k.completions(word)
	if err != nil {
		return err
	}
	strongest := make(map[int]byte)
	df := 0
	for i := range terms {
		df = max(df, terms[i].df) // more than are listed, for frequent terms and wide prefixes
		terms[i].each(func(passage int, impact byte) { strongest[passage] = max(strongest[passage], impact) })
	}
	if len(strongest) == 0 {
		return nil
	}
	weight := float32(index.PrefixWeight * index.IDF(k.directory.passages(), max(df, len(strongest))))
	k.total += weight
	for passage, impact := range strongest {
		k.add(passage, weight, impact)
	}
	return nil
}

// completions returns the indexed terms that an unfinished word stands for, without
// those of the query, as index.Keyword.SearchTyping finds them but within the one
// or two shards of the prefix. Of a prefix with more shards it returns the list.
func (k *keywordSearch) completions(word string) ([]shardTerm, error) {
	terms, found, err := k.withPrefix(word)
	part := index.LastDivision(word)
	if err == nil && !found && part != word {
		terms, found, err = k.withPrefix(part)
	}
	if err != nil {
		return nil, err
	}
	if !found {
		return k.longestStem(part)
	}
	if len(terms) > index.MaxCompletions {
		slices.SortStableFunc(terms, func(a, b shardTerm) int { return cmp.Compare(b.df, a.df) })
		terms = terms[:index.MaxCompletions]
	}
	return terms, nil
}

// withPrefix returns the terms that begin with prefix, without those of the query,
// and whether there is any such term at all.
func (k *keywordSearch) withPrefix(prefix string) (terms []shardTerm, found bool, err error) {
	shards := k.directory.termShards
	if utf8.RuneCountInString(prefix) < index.MinPrefixRunes || len(shards) == 0 {
		return nil, false, nil
	}
	if k.directory.wide(prefix) {
		list, err := k.site.prefixList(k.directory, prefix)
		if err != nil {
			return nil, false, err
		}
		if list != nil {
			return []shardTerm{*list}, true, nil
		}
	}
	first := max(k.directory.termShard(prefix), 0)
	for number := first; number < len(shards) && number <= first+1; number++ {
		if number > first && !strings.HasPrefix(shards[number].first, prefix) {
			break
		}
		shard, err := k.site.loadTermShard(number)
		if err != nil {
			return nil, false, err
		}
		for _, term := range shard.withPrefix(prefix) {
			found = true
			if !k.exact[term.text] {
				terms = append(terms, term)
			}
		}
	}
	return terms, found, nil
}

// longestStem returns the longest indexed term that word begins with, within the
// shard of word.
func (k *keywordSearch) longestStem(word string) ([]shardTerm, error) {
	number := k.directory.termShard(word)
	if number < 0 || len(word) <= index.MinStemBytes {
		return nil, nil
	}
	shard, err := k.site.loadTermShard(number)
	if err != nil {
		return nil, err
	}
	for length := len(word) - 1; length >= index.MinStemBytes; length-- {
		if term := shard.find(word[:length]); term != nil {
			if k.exact[term.text] {
				return nil, nil
			}
			return []shardTerm{*term}, nil
		}
	}
	return nil, nil
}
