package site

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// Search answers one query, see the package's documentation for how results are
// ranked.
func (s *Site) Search(q Query) (*Results, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	d, err := s.loadDirectory()
	if err != nil {
		return nil, err
	}
	allowed, err := s.allowedPages(q.Filters)
	if err != nil {
		return nil, err
	}
	ranks, err := s.sortRanks(q.SortBy)
	if err != nil {
		return nil, err
	}
	candidates, err := s.candidates(d, q, allowed)
	if err != nil {
		return nil, err
	}
	hits := group(d, candidates)
	sortHits(hits, ranks, q.Descending)
	hits = hits[:min(q.Limit, len(hits))]
	return &Results{Hits: hits}, s.fill(hits)
}

// candidates returns the passages that the results are made from, in any order.
func (s *Site) candidates(d *directory, q Query, allowed []bool) ([]retriever.Hit, error) {
	terms := index.QueryTerms(q.Text)
	if len(terms) == 0 && strings.TrimSpace(q.Text) == "" && q.Vector == nil {
		if allowed == nil && q.SortBy == "" {
			return nil, nil
		}
		return browse(d, allowed), nil
	}
	depth := max(retriever.FuseDepth, 10*q.Limit)
	keyword, err := s.keyword(d, q, terms, allowed, depth)
	if err != nil || q.Vector == nil {
		return keyword, err
	}
	return s.fused(d, q.Vector, keyword, allowed, depth)
}

// browse returns the first passage of every allowed page, for readers who look at
// what there is.
func browse(d *directory, allowed []bool) []retriever.Hit {
	var hits []retriever.Hit
	for page := range d.pages() {
		if allowed == nil || allowed[page] {
			hits = append(hits, retriever.Hit{Doc: int(d.first[page])})
		}
	}
	return hits
}

// allowedPages says of every page whether it passes the filters; nil allows all.
func (s *Site) allowedPages(filters map[string][]string) ([]bool, error) {
	var allowed []bool
	for _, key := range slices.Sorted(maps.Keys(filters)) {
		filter, err := s.loadFilter(key)
		if err != nil {
			return nil, err
		}
		has := make([]bool, s.manifest.Pages)
		for _, v := range filter.values {
			if !slices.Contains(filters[key], v.value) {
				continue
			}
			for _, run := range v.runs {
				for page := run.first; page < run.first+run.count; page++ {
					has[page] = allowed == nil || allowed[page]
				}
			}
		}
		allowed = has
	}
	return allowed, nil
}

// Filter returns the values of one filter key with the number of pages that have
// each, by value.
func (s *Site) Filter(key string) ([]FilterValue, error) {
	filter, err := s.loadFilter(key)
	if err != nil {
		return nil, err
	}
	values := make([]FilterValue, len(filter.values))
	for i, v := range filter.values {
		values[i].Value = v.value
		for _, run := range v.runs {
			values[i].Pages += run.count
		}
	}
	return values, nil
}

// FilterValue is one value of a filter and the number of pages that have it.
type FilterValue struct {
	Value string
	Pages int
}

func (s *Site) loadFilter(key string) (*filterFile, error) {
	file, ok := s.manifest.Filters[key]
	if !ok {
		return nil, unknownKey("filter", key, s.manifest.Filters)
	}
	return cached(s.filters, key, func() (*filterFile, error) {
		return load(s, file, func(raw []byte) (*filterFile, error) { return parseFilter(raw, s.manifest.Pages) })
	})
}

// sortRanks returns the rank of every page by a sort key, nil for no key.
func (s *Site) sortRanks(key string) ([]uint32, error) {
	if key == "" {
		return nil, nil
	}
	file, ok := s.manifest.Sorts[key]
	if !ok {
		return nil, unknownKey("sort key", key, s.manifest.Sorts)
	}
	return cached(s.sorts, key, func() ([]uint32, error) {
		return load(s, file, func(raw []byte) ([]uint32, error) { return parseSort(raw, s.manifest.Pages) })
	})
}

func unknownKey(kind, key string, have map[string]File) error {
	names := strings.Join(slices.Sorted(maps.Keys(have)), ", ")
	if names == "" {
		names = "none"
	}
	return errors.New("query: the site has no " + kind + " " + key + ": it has " + names)
}

// group collects passages into pages. A page has the score that its best passages
// give and the best ranks of all.
func group(d *directory, candidates []retriever.Hit) []Hit {
	slices.SortFunc(candidates, func(a, b retriever.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Doc, b.Doc))
	})
	var hits []Hit
	at := make(map[int]int)
	for _, c := range candidates {
		page := d.page(c.Doc)
		i, seen := at[page]
		if !seen {
			i = len(hits)
			at[page] = i
			hits = append(hits, Hit{Number: page})
		}
		hit := &hits[i]
		hit.KeywordRank = betterRank(hit.KeywordRank, c.KeywordRank)
		hit.SemanticRank = betterRank(hit.SemanticRank, c.SemanticRank)
		if len(hit.Passages) < maxHitPassages {
			hit.Passages = append(hit.Passages, PassageHit{
				Number: c.Doc, Score: c.Score,
				KeywordRank: c.KeywordRank, KeywordScore: c.KeywordScore,
				SemanticRank: c.SemanticRank, SemanticScore: c.SemanticScore,
			})
		}
	}
	for i := range hits {
		hit := &hits[i]
		var scores [maxHitPassages]float32
		for j, p := range hit.Passages {
			scores[j] = p.Score
		}
		hit.Score = retriever.PageScore(scores[:len(hit.Passages)])
	}
	return hits
}

// betterRank returns the smaller rank, 0 being none.
func betterRank(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// sortHits orders by rank, pages without one last, then by score, then by number.
func sortHits(hits []Hit, ranks []uint32, descending bool) {
	slices.SortFunc(hits, func(a, b Hit) int {
		byRank := 0
		if ranks != nil {
			x, y := ranks[a.Number], ranks[b.Number]
			switch {
			case x == 0 || y == 0:
				byRank = cmp.Compare(min(y, 1), min(x, 1))
			case descending:
				byRank = cmp.Compare(y, x)
			default:
				byRank = cmp.Compare(x, y)
			}
		}
		return cmp.Or(byRank, cmp.Compare(b.Score, a.Score), cmp.Compare(a.Number, b.Number))
	})
}

// fill reads what the hits show.
func (s *Site) fill(hits []Hit) error {
	for i := range hits {
		hit := &hits[i]
		for j := range hit.Passages {
			p := &hit.Passages[j]
			shard, err := s.loadPassageShard(s.directory.passageShard(p.Number))
			if err != nil {
				return err
			}
			p.Passage = shard.passages[p.Number-shard.firstPassage]
			hit.Page = shard.pages[hit.Number-shard.firstPage].page
		}
	}
	return nil
}
