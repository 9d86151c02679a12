package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/site"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// siteQuery is a query with what Go answers, as test/sitequeries.ts reads it.
type siteQuery struct {
	Text    string              `json:"text"`
	Vector  []float64           `json:"vector,omitempty"`
	Limit   int                 `json:"limit,omitempty"`
	Filters map[string][]string `json:"filters,omitempty"`
	Sort    *sorting            `json:"sort,omitempty"`
	Typing  bool                `json:"typing"`
	Hits    []siteHit           `json:"hits"`
	// Files and Bytes are what the query costs with nothing in memory but the manifest.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

type sorting struct {
	By         string `json:"by"`
	Descending bool   `json:"descending"`
}

// siteHit has float64 scores, which JSON keeps to the bit.
type siteHit struct {
	Page         int               `json:"page"`
	URL          string            `json:"url"`
	Title        string            `json:"title"`
	Language     string            `json:"language"`
	Image        string            `json:"image,omitempty"`
	Meta         map[string]string `json:"meta"`
	Score        float64           `json:"score"`
	KeywordRank  int               `json:"keywordRank"`
	SemanticRank int               `json:"semanticRank"`
	Passages     []sitePassage     `json:"passages"`
}

type sitePassage struct {
	ID      int     `json:"id"`
	URL     string  `json:"url"`
	Heading string  `json:"heading"`
	Text    string  `json:"text"`
	Score   float64 `json:"score"`
}

// TestSiteSearch holds src/site to the Go package wasm/site: the same bundles, the
// same queries, and results that are equal to the bit, from the same files.
func TestSiteSearch(t *testing.T) {
	browser := browsertest.Open(t)
	scripts, err := web.Compile(os.DirFS("."), []api.EntryPoint{
		{InputPath: "test/sitequeries.ts", OutputPath: "queries"},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	var mux http.ServeMux
	mux.Handle("/", http.FileServerFS(scripts))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><title>tests</title>") })
	bundles := map[string]site.Content{
		"clusters": siteContent(t, 700, 384, index.DefaultFusion()), // more clusters than one query reads
		"one":      siteContent(t, 60, 24, index.Fusion{Keyword: 0.5, Semantic: 0.25}),
		"keyword":  siteContent(t, 150, 0, index.DefaultFusion()),
		"wide":     wideContent(),
		"page":     {Pages: []site.Page{{Title: "Only page", Passages: []site.Passage{{Text: "with one passage"}}}}, Fusion: index.DefaultFusion()},
		"empty":    {Fusion: index.DefaultFusion()},
	}
	// A number takes half a byte, and gzip takes little off it; a query reads 400,000 bytes.
	if v := bundles["clusters"].Vectors; v.Len()*v.Dims()/2 < 400_000 {
		t.Fatalf("%d vectors are so few that a query reads all of them", v.Len())
	}
	for name, content := range bundles {
		dir := t.TempDir()
		if _, err := site.Write(t.Context(), dir, content, nil); err != nil {
			t.Fatal(err)
		}
		queries, err := json.Marshal(siteAnswers(t, dir, content))
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle("GET /"+name+"/", http.StripPrefix("/"+name, http.FileServer(http.Dir(dir))))
		mux.HandleFunc("GET /"+name+".json", func(w http.ResponseWriter, _ *http.Request) { w.Write(queries) })
	}
	server := httptest.NewServer(&mux)
	defer server.Close()
	if err := chromedp.Do(browser, chromedp.Navigate(server.URL+"/")); err != nil {
		t.Fatal(err)
	}
	for name := range bundles {
		t.Run(name, func(t *testing.T) {
			type outcome struct {
				Compared, Hits int
				Differences    []string
			}
			got, err := browsertest.Await[outcome](browser, `import("/queries.js").then((queries) => queries.compare("/`+name+`"))`)
			if err != nil {
				t.Fatal(err)
			}
			if got.Compared < 10 || name != "empty" && got.Hits == 0 {
				t.Errorf("only %d queries with %d hits were compared", got.Compared, got.Hits)
			}
			for _, difference := range got.Differences {
				t.Error(difference)
			}
			t.Logf("%d queries, %d hits", got.Compared, got.Hits)
		})
	}
	t.Run("typing", func(t *testing.T) { testTyping(t, browser) })
	t.Run("damage", func(t *testing.T) { testDamage(t, browser) })
}

// testTyping writes a hundred letters: no file is fetched twice.
func testTyping(t *testing.T, browser context.Context) {
	const text = "runtime kernels compute int8 products; the fused ranking of passages needs the vectors of the model"
	got, err := browsertest.Await[struct{ Files, Most, Hits int }](browser, `import("/queries.js").then((queries) => queries.typing("/clusters", "`+text+`"))`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Most != 1 || got.Hits == 0 {
		t.Errorf("%d files were fetched, one of them %d times, for %d hits", got.Files, got.Most, got.Hits)
	}
}

// testDamage parses files that were changed at random.
func testDamage(t *testing.T, browser context.Context) {
	got, err := browsertest.Await[struct {
		Parsed, Refused int
		Errors          []string
	}](browser, `import("/queries.js").then((queries) => queries.damage("/clusters"))`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Refused < 1000 {
		t.Errorf("only %d of %d changed files were refused", got.Refused, got.Parsed+got.Refused)
	}
	for _, problem := range got.Errors {
		t.Error(problem)
	}
}

// wideContent has so many words with the same beginnings that these have lists of
// their own.
func wideContent() site.Content {
	random := rand.New(rand.NewPCG(5, 6))
	c := site.Content{Fusion: index.DefaultFusion()}
	for i := range 300 {
		var text strings.Builder
		for range 80 {
			text.WriteString([]string{"co", "con", "été", "日本"}[random.IntN(4)])
			for range 2 + random.IntN(6) {
				text.WriteByte("abcdefgh"[random.IntN(8)])
			}
			text.WriteByte(' ')
		}
		c.Pages = append(c.Pages, site.Page{
			URL: fmt.Sprintf("p%d", i), Title: fmt.Sprintf("Page %d", i), Passages: []site.Passage{{Text: text.String()}},
			Filters: []site.Field{{Key: "section", Value: fmt.Sprintf("s%d", i%7)}, {Key: "tag", Value: []string{"even", "odd"}[i%2]}},
			Sorts:   []site.Field{{Key: "date", Value: fmt.Sprint(2000 + i)}, {Key: "size", Value: fmt.Sprint(i % 9)}},
		})
	}
	return c
}

// siteAnswers asks Go some hundred queries of all kinds.
func siteAnswers(t *testing.T, dir string, content site.Content) []siteQuery {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"the", "x", "nothingofthekind", "http.Request", "server", "cancellat", "日本", "é"}
	for _, page := range content.Pages {
		words = append(words, strings.Fields(page.Title+" "+page.Passages[random.IntN(len(page.Passages))].Text)...)
	}
	queries := []siteQuery{
		{Text: ""}, {Text: " \t"}, {Text: "the "}, {Text: "the", Typing: true},
		{Text: "a", Typing: true}, {Text: "_x.", Typing: true}, {Text: strings.Repeat("word ", 500)},
	}
	for i := range 60 { // beginnings of words, of which many go through more than two shards
		runes := []rune(words[random.IntN(len(words))])
		queries = append(queries, siteQuery{Typing: true, Text: string(runes[:min(len(runes), 2+i%3)])})
	}
	for i := range 220 {
		q := siteQuery{Typing: random.IntN(2) == 0, Limit: []int{0, 1, 3, 10, 25}[random.IntN(5)]}
		for range random.IntN(5) {
			q.Text += words[random.IntN(len(words))] + " "
		}
		q.Text = q.Text[:max(len(q.Text)-1, 0)]
		if runes := []rune(q.Text); i%2 == 0 && len(runes) > 4 {
			q.Text = string(runes[:len(runes)-random.IntN(4)]) // an unfinished word
		}
		if v := content.Vectors; v != nil && random.IntN(3) > 0 {
			q.Vector = near(random, v)
		}
		if len(content.Pages) > 1 {
			switch random.IntN(6) {
			case 0:
				q.Filters = map[string][]string{"section": {"s1", "s4", "no such value"}}
			case 1:
				q.Filters = map[string][]string{"section": {"s2", "s3"}, "tag": {"even"}}
			case 2:
				q.Sort = &sorting{By: []string{"date", "size"}[random.IntN(2)], Descending: random.IntN(2) == 0}
			}
		}
		queries = append(queries, q)
	}
	for i := range queries {
		queries[i].ask(t, dir)
	}
	return queries
}

// ask fills in what a site that was just opened answers.
func (q *siteQuery) ask(t *testing.T, dir string) {
	t.Helper()
	s, err := site.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	_, manifest := s.Transferred()
	query := site.Query{Text: q.Text, Limit: q.Limit, Filters: q.Filters, Typing: q.Typing}
	if q.Sort != nil {
		query.SortBy, query.Descending = q.Sort.By, q.Sort.Descending
	}
	for _, x := range q.Vector {
		query.Vector = append(query.Vector, float32(x))
	}
	results, err := s.Search(query)
	if err != nil {
		t.Fatal(err)
	}
	files, bytes := s.Transferred()
	q.Files, q.Bytes = files-1, bytes-manifest
	q.Hits = []siteHit{}
	for _, h := range results.Hits {
		hit := siteHit{
			Page: h.Number, URL: h.Page.URL, Title: h.Page.Title, Language: h.Page.Language, Image: h.Page.Image,
			Meta: map[string]string{}, Score: float64(h.Score), KeywordRank: h.KeywordRank, SemanticRank: h.SemanticRank,
		}
		for _, f := range h.Page.Meta {
			hit.Meta[f.Key] = f.Value
		}
		for _, p := range h.Passages {
			url := hit.URL
			if p.Passage.Anchor != "" {
				url, _, _ = strings.Cut(url, "#")
				url += "#" + p.Passage.Anchor
			}
			hit.Passages = append(hit.Passages, sitePassage{ID: p.Number, URL: url, Heading: p.Passage.Heading, Text: p.Passage.Text, Score: float64(p.Score)})
		}
		q.Hits = append(q.Hits, hit)
	}
}

// near returns a unit vector at some angle to a row.
func near(random *rand.Rand, v *index.Vectors) []float64 {
	row := random.IntN(v.Len())
	spread := []float64{0, 0.3, 3}[random.IntN(3)]
	vector := make([]float64, v.Dims())
	var square float64
	for i := range vector {
		vector[i] = float64(v.Rows()[row*v.Dims()+i])*float64(v.Scale(row)) + spread*random.NormFloat64()/math.Sqrt(float64(v.Dims()))
		square += vector[i] * vector[i]
	}
	for i := range vector {
		vector[i] = float64(float32(vector[i] / math.Sqrt(square)))
	}
	return vector
}

// siteContent returns the project's documents and made-up pages up to a number,
// with vectors around topics unless dims is 0.
func siteContent(t *testing.T, pages, dims int, fusion index.Fusion) site.Content {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(pages), 7))
	content := site.Content{Pages: documents(t), Fusion: fusion}
	var vocabulary []string
	for _, page := range content.Pages {
		for _, passage := range page.Passages {
			vocabulary = append(vocabulary, strings.Fields(passage.Text)...)
		}
	}
	for len(content.Pages) < pages {
		text := func(n int) string {
			words := make([]string, n)
			for i := range words {
				words[i] = vocabulary[random.IntN(1+random.IntN(len(vocabulary)))]
				if random.IntN(4) == 0 {
					words[i] = fmt.Sprintf("%s%c%d", words[i], 'a'+rune(random.IntN(26)), random.IntN(40))
				}
			}
			return strings.Join(words, " ")
		}
		page := site.Page{URL: fmt.Sprintf("../made/%d#up", len(content.Pages)), Title: text(3), Language: []string{"", "de"}[random.IntN(2)]}
		for j := range 1 + random.IntN(6) {
			page.Passages = append(page.Passages, site.Passage{Heading: text(j % 3), Anchor: fmt.Sprintf("part-%d", j)[:6*min(j, 1)], Text: text(10 + random.IntN(90))})
		}
		content.Pages = append(content.Pages, page)
	}
	content.Pages = content.Pages[:pages]
	passages := 0
	for i := range content.Pages {
		page := &content.Pages[i]
		page.Meta = []site.Field{{Key: "number", Value: fmt.Sprint(i)}, {Key: "__proto__", Value: "x"}}
		page.Filters = []site.Field{{Key: "section", Value: fmt.Sprintf("s%d", i/7%5)}}
		if i%2 == 0 {
			page.Filters = append(page.Filters, site.Field{Key: "tag", Value: "even"})
			page.Sorts = []site.Field{{Key: "date", Value: fmt.Sprintf("2024-%02d-11", i%12+1)}, {Key: "size", Value: fmt.Sprint(i % 40)}}
			page.Image = fmt.Sprintf("%d.png", i)
		}
		passages += len(page.Passages)
	}
	if dims == 0 {
		return content
	}
	content.Vectors, content.Model = topicVectors(t, random, passages, dims), strings.Repeat("5a", 32)
	return content
}

// documents returns the project's Markdown files, divided at headings.
func documents(t *testing.T) []site.Page {
	t.Helper()
	var pages []site.Page
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			page := site.Page{URL: path, Title: filepath.Base(path), Language: "en"}
			for i, section := range strings.Split(string(text), "\n## ") {
				heading, body, _ := strings.Cut(section, "\n")
				page.Passages = append(page.Passages, site.Passage{Heading: heading, Anchor: fmt.Sprintf("section-%d", i), Text: body})
			}
			pages = append(pages, page)
		}
	}
	if len(pages) < 3 {
		t.Fatal("no documents found")
	}
	return pages
}

// topicVectors returns unit vectors, each eight around one direction.
func topicVectors(t *testing.T, random *rand.Rand, count, dims int) *index.Vectors {
	t.Helper()
	vectors, err := index.NewVectors(dims)
	if err != nil {
		t.Fatal(err)
	}
	topic := make([]float64, dims)
	for i := range count {
		vector := make([]float32, dims)
		for j := range vector {
			if i%8 == 0 {
				topic[j] = random.NormFloat64()
			}
			vector[j] = float32((topic[j] + 0.7*random.NormFloat64()) / math.Sqrt(1.5*float64(dims)))
		}
		if err := vectors.Append(vector); err != nil {
			t.Fatal(err)
		}
	}
	return vectors
}
