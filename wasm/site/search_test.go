package site

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
)

// unsharded is the keyword index of the same passages in one piece.
func unsharded(t testing.TB, c Content) *index.Keyword {
	t.Helper()
	builder := index.NewBuilder(index.DefaultParameters())
	for _, page := range c.Pages {
		for _, passage := range page.Passages {
			builder.Add(Document(page, passage))
		}
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyword, err := index.ParseKeyword(data)
	if err != nil {
		t.Fatal(err)
	}
	return keyword
}

// testQueries are of 1 to 4 words, rare and common ones.
func testQueries(c Content, count int) []string {
	var queries []string
	for i := range count {
		page := c.Pages[i*7%len(c.Pages)]
		words := strings.Fields(page.Passages[0].Text)
		queries = append(queries, strings.Join(words[i%20:i%20+1+i%4], " "))
	}
	return queries
}

// candidatesOf returns the passages that a query's results are made from, best first.
func candidatesOf(t testing.TB, s *Site, q Query) []retriever.Hit {
	t.Helper()
	d, err := s.loadDirectory()
	if err != nil {
		t.Fatal(err)
	}
	hits, err := s.candidates(d, q, nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(hits, func(a, b retriever.Hit) int {
		return index.CompareMatches(index.Match{Doc: a.Doc, Score: a.Score}, index.Match{Doc: b.Doc, Score: b.Score})
	})
	return hits
}

// weight is the most that a query can score: what its impacts are multiplied by.
func weight(k *index.Keyword, query string) float64 {
	var sum float64
	for _, term := range index.QueryTerms(query) {
		if df := len(k.Search(term.Text, k.Len())); df > 0 {
			sum += float64(term.Count) * float64(index.IDF(k.Len(), df))
		}
	}
	return sum
}

// An impact is off by at most half of 1/255, or 1/255 where it would round to 0, so a
// score by at most 1/255 of the weight of its query.
func TestKeywordAgreesWithUnsharded(t *testing.T) {
	c := testContent(t, 400, 0)
	s, whole := opened(t, written(t, c)), unsharded(t, c)
	same, total := 0, 0
	for _, query := range testQueries(c, 150) {
		exact := make(map[int]float64)
		for _, m := range whole.Search(query, whole.Len()) {
			exact[m.Doc] = float64(m.Score)
		}
		bound := weight(whole, query)/255 + 1e-5
		got := candidatesOf(t, s, Query{Text: query})
		if len(got) != min(len(exact), retriever.FuseDepth) {
			t.Fatalf("%q: %d passages, want %d", query, len(got), len(exact))
		}
		for rank, hit := range got {
			if want, ok := exact[hit.Doc]; !ok || math.Abs(float64(hit.Score)-want) > bound || hit.KeywordRank != rank+1 {
				t.Fatalf("%q: passage %d scores %g at rank %d, want %g within %g", query, hit.Doc, hit.Score, hit.KeywordRank, want, bound)
			}
		}
		for _, m := range whole.Search(query, 10) {
			total++
			if slices.ContainsFunc(got[:min(10, len(got))], func(h retriever.Hit) bool { return h.Doc == m.Doc }) {
				same++
			}
		}
	}
	if share := float64(same) / float64(total); share < 0.97 {
		t.Errorf("%.3f of the first ten agree, want 0.97", share)
	}
}

func TestIDFIsExactBeyondTheListedPassages(t *testing.T) {
	c := Content{Fusion: index.DefaultFusion()}
	page := Page{URL: "/"}
	for i := range maxListed + 2000 {
		text := "common"
		if i%2 == 0 {
			text += " filler filler"
		}
		page.Passages = append(page.Passages, Passage{Text: text})
	}
	c.Pages = []Page{page}
	s := opened(t, written(t, c))
	candidatesOf(t, s, Query{Text: "common"})
	term := s.termShards[0].find("common")
	if term == nil || term.df != maxListed+2000 || term.listed != maxListed {
		t.Fatalf("term %+v", term)
	}
	short := 0
	last := -1
	term.each(func(passage int, _ byte) {
		if passage%2 == 1 {
			short++
		}
		last = passage
	})
	// All short passages have higher impacts; of the others the first ones fill up.
	if want := (maxListed + 2000) / 2; short != want {
		t.Errorf("%d short passages are listed, want all %d", short, want)
	}
	if last%2 != 1 {
		t.Errorf("the last passage listed, %d, is not a short one", last)
	}
}

func TestTyping(t *testing.T) {
	pages := []Page{
		{URL: "/a", Title: "context.WithCancel", Passages: []Passage{{Text: "returns a copy of parent with a new Done channel"}}},
		{URL: "/b", Title: "http.Request", Passages: []Passage{{Text: "A Request is cancelled when its context is"}}},
		{URL: "/c", Title: "sort.Slice", Passages: []Passage{{Text: "Slice sorts the slice"}}},
	}
	c := Content{Pages: pages, Fusion: index.DefaultFusion()}
	s := opened(t, written(t, c))
	for _, test := range []struct {
		query  string
		typing bool
		want   []int
	}{
		{"", true, nil}, {"the of", false, nil}, {"absent", true, nil},
		{"cancel request", false, []int{1, 0}},
		{"WithCan", false, nil}, {"WithCan", true, []int{0}}, {"withcan ", true, nil},
		{"http.Req", true, []int{1}},
		{"cancellati", true, []int{0, 1}},
		{"s", true, nil}, {"sort sl", true, []int{2}}, {"aaa", true, nil}, {"zzzz", true, nil},
	} {
		var got []int
		for _, hit := range search(t, s, Query{Text: test.query, Typing: test.typing}) {
			got = append(got, hit.Number)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q (typing %v): %v, want %v", test.query, test.typing, got, test.want)
		}
	}
}

// Unless the terms with a prefix go on past two shards, completing finds exactly the
// passages that the whole index finds.
func TestTypingFindsWhatTheWholeIndexFinds(t *testing.T) {
	c := testContent(t, 400, 0)
	s, whole := opened(t, written(t, c)), unsharded(t, c)
	compared := 0
	for _, query := range testQueries(c, 100) {
		query = query[:len(query)-len(query)/4]
		got := candidatesOf(t, s, Query{Text: query, Typing: true, Limit: maxLimit})
		prefix := index.LastWord(query)
		third := max(s.directory.termShard(prefix), 0) + 2
		if third < len(s.directory.termShards) && strings.HasPrefix(s.directory.termShards[third].first, prefix) {
			continue
		}
		want := whole.SearchTyping(query, whole.Len())
		passages := make(map[int]bool)
		for _, m := range want {
			passages[m.Doc] = true
		}
		for _, hit := range got {
			if !passages[hit.Doc] {
				t.Errorf("%q: passage %d is not found by the whole index", query, hit.Doc)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q: %d passages, want %d", query, len(got), len(want))
		}
		if len(want) > 0 {
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("only %d queries were compared", compared)
	}
}

func TestResultsShowPagesAndPassages(t *testing.T) {
	c := testContent(t, 200, 0)
	s := opened(t, written(t, c))
	hits := search(t, s, Query{Text: c.Pages[3].Title + " " + c.Pages[3].Passages[0].Text, Limit: 5})
	if len(hits) != 5 || hits[0].Number != 3 {
		t.Fatalf("%d hits, the first is page %d, want 3", len(hits), hits[0].Number)
	}
	start := 0
	starts := make([]int, len(c.Pages))
	for i := range c.Pages {
		starts[i] = start
		start += len(c.Pages[i].Passages)
	}
	for i, hit := range hits {
		page := c.Pages[hit.Number]
		if hit.Page.URL != page.URL || hit.Page.Title != page.Title || hit.Page.Language != page.Language ||
			hit.Page.Image != page.Image || !slices.Equal(hit.Page.Meta, page.Meta) {
			t.Errorf("page %d reads %+v", hit.Number, hit.Page)
		}
		if i > 0 && hit.Score > hits[i-1].Score {
			t.Error("hits are not in order")
		}
		var scores []float32
		for _, p := range hit.Passages {
			scores = append(scores, p.Score)
		}
		if len(scores) == 0 || len(scores) > maxHitPassages || hit.Score != retriever.PageScore(scores) {
			t.Errorf("hit %d has score %g and shows passages of scores %v", i, hit.Score, scores)
		}
		for j, p := range hit.Passages {
			if want := page.Passages[p.Number-starts[hit.Number]]; p.Passage != want {
				t.Errorf("passage %d reads %+v, want %+v", p.Number, p.Passage, want)
			}
			if j > 0 && p.Score > hit.Passages[j-1].Score {
				t.Error("passages are not in order")
			}
		}
	}
	for number, want := range c.Pages {
		if got, err := s.Page(number); err != nil || got.URL != want.URL {
			t.Fatalf("page %d: %q, error %v", number, got.URL, err)
		}
	}
	for _, number := range []int{-1, len(c.Pages)} {
		if _, err := s.Page(number); err == nil {
			t.Errorf("page %d exists", number)
		}
	}
}
