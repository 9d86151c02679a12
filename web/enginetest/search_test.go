package enginetest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"

	"github.com/effir/effir/toolchain/verify"
	"github.com/effir/effir/wasm/encoder"
	format "github.com/effir/effir/wasm/site"
)

// status is what tests read of the library's status.
type status struct {
	Kernels string
	Index   struct {
		Stage, Error string
		Pages        int
		Meaning      bool
	}
	Model struct {
		Stage, Error, Held    string
		Loaded, Total, Cached int64
	}
	Memory   int64
	Restarts int
}

// results are one of several answers to a query.
type results struct {
	Query, Mode string
	Final       bool
	Hits        []hit
}

// hit is what both the library and Go find.
type hit struct {
	Page         int
	URL          string
	Title        string
	Language     string
	Score        float64
	KeywordRank  int
	SemanticRank int
	Passages     []passage
}

type passage struct {
	ID      int
	URL     string
	Heading string
	Text    string
	Score   float64
}

func (r results) titles() []string {
	list := []string{}
	for _, h := range r.Hits {
		list = append(list, h.Title)
	}
	return list
}

// fused waits for the search by meaning and returns its results.
func fused(p *page, query string) results {
	p.Helper()
	list := ask[[]results](p, "find", query, map[string]any{"mode": "fused"})
	last := list[len(list)-1]
	if last.Mode != "fused" || !last.Final {
		s := ask[status](p, "status")
		p.Fatalf("the last results of %q are by %s, final: %v; the model: %s", query, last.Mode, last.Final, s.Model.Error)
	}
	return last
}

// parityTexts are short and long, of several scripts, and such as make edge cases of
// the tokenizer.
var parityTexts = []string{
	"how do I keep slugs away from my lettuce", "compost", "a", "XMLHttpRequest print_label(bed=3)",
	"Qui a mangé la salade ?", "Kompost, der riecht", "اسقِ النباتات في الصباح", "家庭菜園", "🥕🍅👩🏽‍🌾", "  white \t space\n\n around  ",
	"It was the third dry summer in a row, and the water barrels behind the shed had been empty since the middle of June. " +
		"Mulch had kept the beans alive, though the runner beans had dropped their flowers; the apple trees shed their fruit early.",
	"0123456789 3.14159 1e-7 2026-11-23", "ﬁne ligatures, naïve café", "don't can't won't", "https://example.org/a?b=c#d",
}

// sameBits compares vectors of the guest, with both kinds of kernels, with native ones.
func sameBits(v *visit) {
	p := v.open("/test.html")
	for _, kernels := range []string{"auto", "baseline"} {
		ask[status](p, "open", nil, map[string]any{"model": "/effir/model/", "kernels": kernels})
		for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
			var texts []string
			for _, text := range append(verify.Texts(40), parityTexts...) {
				if _, err := v.site.encoder.Tokens(text, kind); err == nil {
					texts = append(texts, text)
				}
			}
			want := v.site.embed(v.T, texts, kind)
			name := map[encoder.Kind]string{encoder.Query: "query", encoder.Passage: "passage"}[kind]
			got := ask[[][]byte](p, "embed", texts, name)
			for i := range texts {
				if !bytes.Equal(got[i], must(binary.Append(nil, binary.LittleEndian, want[i]))) {
					v.Errorf("%s kernels, %s: other bits than native for %.40q", kernels, name, texts[i])
				}
			}
		}
		used := ask[status](p, "status")
		v.Logf("%s chose the %s kernels; %d MB of WebAssembly memory", kernels, used.Kernels, used.Memory>>20)
		if used.Kernels != "relaxed" && used.Kernels != "baseline" || kernels == "baseline" && used.Kernels != kernels {
			v.Errorf("wanted %s kernels, used %q", kernels, used.Kernels)
		}
	}
	memory, err := v.browser.Memory()
	v.Logf("the browser holds %d MB, %v", memory>>20, err)
}

// queries that words find, that only meaning finds, and that nothing finds.
var queries = []struct {
	text    string
	filters map[string][]string
	sort    string
}{
	{text: "compost"}, {text: "Kompost"}, {text: "who eats my salad at night"}, {text: "white powder on cucumber leaves"},
	{text: "cafe naive Aeroskobing"}, {text: "XMLHttpReq"}, {text: "الري"}, {text: "🥕"}, {text: "tom"}, {text: "zzzz qqqq"},
	{text: "water", filters: map[string][]string{"part": {"soil", "weather"}}}, {text: "leaves", sort: "year"},
	{text: "protecting plants from a cold night"}, {text: "the"}, {text: "a insects b"},
}

// sameResults compares what the library finds with what Go finds in the same files.
func sameResults(v *visit) {
	p := v.open("/test.html")
	s := ask[status](p, "open", "/effir/")
	site, err := format.Open(must(subFS(v.site.index)))
	if err != nil {
		v.Fatal(err)
	}
	if s.Index.Stage != "ready" || s.Index.Pages != site.Manifest().Pages || !s.Index.Meaning {
		v.Errorf("opened with the status %+v", s)
	}
	compare := func(got results, q format.Query, mode string) {
		want, err := site.Search(q)
		if err != nil {
			v.Fatal(err)
		}
		if got.Mode != mode {
			v.Errorf("%q: results by %s, want %s", q.Text, got.Mode, mode)
		}
		if expected := v.hits(want.Hits); !reflect.DeepEqual(got.Hits, expected) {
			v.Errorf("%s %q:\n got %s\nwant %s", mode, q.Text, describe(got.Hits), describe(expected))
		}
	}
	for _, query := range queries {
		q := format.Query{Text: query.text, Filters: query.filters, SortBy: query.sort, Typing: true, Limit: 10}
		options := map[string]any{"mode": "fused", "limit": 10}
		if query.filters != nil {
			options["filters"] = query.filters
		}
		if query.sort != "" {
			options["sort"] = map[string]any{"by": query.sort}
		}
		list := ask[[]results](p, "find", query.text, options)
		if len(list) != 2 {
			v.Fatalf("%q has %d answers, want keyword and fused", query.text, len(list))
		}
		compare(list[0], q, "keyword")
		q.Vector = v.site.embed(v.T, []string{query.text}, encoder.Query)[0]
		compare(list[1], q, "fused")

		options["mode"] = "semantic"
		q.Text = ""
		compare(ask[[]results](p, "find", query.text, options)[0], q, "semantic")
	}
	for _, page := range []int{0, 3, 7} {
		want, err := site.Related(page, 6)
		if err != nil {
			v.Fatal(err)
		}
		got := ask[[]hit](p, "related", page)
		if len(want) == 0 || len(got) != len(want) {
			v.Fatalf("page %d has %d related pages, want %d", page, len(got), len(want))
		}
		for i := range want {
			if got[i].Page != want[i].Number {
				v.Errorf("related to page %d: %d. is page %d, want %d", page, i, got[i].Page, want[i].Number)
			}
		}
	}
}

// best returns what Go finds first for a query, by words and meaning.
func (v *visit) best(query string) hit {
	v.Helper()
	site := must(format.Open(must(subFS(v.site.index))))
	vector := v.site.embed(v.T, []string{query}, encoder.Query)[0]
	found, err := site.Search(format.Query{Text: query, Vector: vector, Typing: true})
	if err != nil || len(found.Hits) == 0 {
		v.Fatalf("Go finds nothing for %q: %v", query, err)
	}
	return v.hits(found.Hits)[0]
}

// hits returns what Go found as the library gives it.
func (v *visit) hits(list []format.Hit) []hit {
	base := must(url.Parse(v.host.url("/effir/")))
	resolve := func(address string) string { return base.ResolveReference(must(url.Parse(address))).String() }
	hits := []hit{}
	for _, h := range list {
		one := hit{h.Number, resolve(h.Page.URL), h.Page.Title, h.Page.Language, float64(h.Score), h.KeywordRank, h.SemanticRank, []passage{}}
		for _, found := range h.Passages {
			address := h.Page.URL
			if found.Passage.Anchor != "" {
				address += "#" + url.PathEscape(found.Passage.Anchor)
			}
			one.Passages = append(one.Passages, passage{found.Number, resolve(address), found.Passage.Heading, found.Passage.Text, float64(found.Score)})
		}
		hits = append(hits, one)
	}
	return hits
}

func describe(hits []hit) string {
	text, err := json.MarshalIndent(hits, "", " ")
	return fmt.Sprintf("%s %v", text, err)
}
