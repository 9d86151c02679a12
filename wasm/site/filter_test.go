package site

import (
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
)

func has(p Page, key, value string) bool { return slices.Contains(p.Filters, Field{key, value}) }

func TestFilters(t *testing.T) {
	c := testContent(t, 300, 32)
	s := opened(t, written(t, c))
	query := c.Pages[5].Passages[0].Text
	vector := row(c.Vectors, 40)
	for _, test := range []struct {
		filters map[string][]string
		allowed func(Page) bool
	}{
		{map[string][]string{"tag": {"fifth"}}, func(p Page) bool { return has(p, "tag", "fifth") }},
		{map[string][]string{"section": {"s3", "s4"}}, func(p Page) bool { return has(p, "section", "s3") || has(p, "section", "s4") }},
		{map[string][]string{"section": {"s3", "s4"}, "tag": {"fifth"}}, func(p Page) bool {
			return (has(p, "section", "s3") || has(p, "section", "s4")) && has(p, "tag", "fifth")
		}},
		{map[string][]string{"tag": {"no such value"}}, func(Page) bool { return false }},
		{map[string][]string{"tag": {}}, func(Page) bool { return false }},
	} {
		for _, q := range []Query{{Text: query}, {Text: query, Vector: vector}, {Vector: vector}, {}} {
			q.Filters, q.Limit = test.filters, maxLimit
			want := 0
			for _, page := range c.Pages {
				if test.allowed(page) {
					want++
				}
			}
			hits := search(t, s, q)
			for _, hit := range hits {
				if !test.allowed(c.Pages[hit.Number]) {
					t.Errorf("%v: page %d is not allowed", test.filters, hit.Number)
				}
			}
			// Meaning and browsing find every allowed page.
			if (q.Text == "") && len(hits) != want {
				t.Errorf("%v: %d pages, want %d", test.filters, len(hits), want)
			}
		}
	}
}

// Filters come before ranking: the allowed pages rank as they do among all.
func TestFiltersKeepTheOrder(t *testing.T) {
	c := testContent(t, 100, 0)
	s := opened(t, written(t, c))
	q := Query{Text: c.Pages[5].Passages[0].Text, Limit: maxLimit}
	var want []int
	for _, hit := range search(t, s, q) {
		if has(c.Pages[hit.Number], "tag", "fifth") {
			want = append(want, hit.Number)
		}
	}
	q.Filters = map[string][]string{"tag": {"fifth"}}
	if got := numbers(search(t, s, q)); !slices.Equal(got, want) || len(want) < 10 {
		t.Errorf("filtered %v, want %v", got, want)
	}
}

func numbers(hits []Hit) []int {
	var out []int
	for _, hit := range hits {
		out = append(out, hit.Number)
	}
	return out
}

func TestFilterValues(t *testing.T) {
	c := testContent(t, 120, 0)
	s := opened(t, written(t, c))
	values, err := s.Filter("tag")
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != 8 || !slices.IsSortedFunc(values, func(a, b FilterValue) int { return strings.Compare(a.Value, b.Value) }) {
		t.Errorf("values %v", values)
	}
	for _, v := range values {
		want := 0
		for _, page := range c.Pages {
			if has(page, "tag", v.Value) {
				want++
			}
		}
		if v.Pages != want {
			t.Errorf("%s: %d pages, want %d", v.Value, v.Pages, want)
		}
	}
}

func TestSort(t *testing.T) {
	c := testContent(t, 200, 0)
	s := opened(t, written(t, c))
	value := func(hit Hit, key string) string {
		for _, f := range c.Pages[hit.Number].Sorts {
			if f.Key == key {
				return f.Value
			}
		}
		return ""
	}
	for _, test := range []struct {
		key  string
		less func(a, b string) bool
	}{
		{"date", func(a, b string) bool { return a < b }},
		{"size", func(a, b string) bool { // numbers, not "10" before "9"
			x, _ := number64(a)
			y, _ := number64(b)
			return x < y
		}},
	} {
		for _, descending := range []bool{false, true} {
			for _, text := range []string{"", c.Pages[0].Passages[0].Text} {
				hits := search(t, s, Query{Text: text, SortBy: test.key, Descending: descending, Limit: maxLimit})
				if len(hits) < 40 {
					t.Fatalf("%d hits", len(hits))
				}
				for i := 1; i < len(hits); i++ {
					a, b := value(hits[i-1], test.key), value(hits[i], test.key)
					switch {
					case b == "":
					case a == "":
						t.Fatalf("%s: a page without a value is not last", test.key)
					case descending && test.less(a, b), !descending && test.less(b, a):
						t.Fatalf("%s (descending %v): %s before %s", test.key, descending, a, b)
					case a == b && hits[i].Score > hits[i-1].Score:
						t.Fatalf("%s: equal values are not ordered by score", test.key)
					}
				}
			}
		}
	}
}

func TestUnknownKeysNameThoseThatExist(t *testing.T) {
	c := testContent(t, 20, 0)
	s := opened(t, written(t, c))
	for _, q := range []Query{{Filters: map[string][]string{"colour": {"red"}}}, {SortBy: "colour"}} {
		_, err := s.Search(q)
		if err == nil || !strings.Contains(err.Error(), "colour") || !strings.Contains(err.Error(), "date, size") && !strings.Contains(err.Error(), "section, tag") {
			t.Errorf("error %v", err)
		}
	}
	c.Pages = []Page{{URL: "/", Passages: []Passage{{Text: "x"}}}}
	s = opened(t, written(t, Content{Pages: c.Pages, Fusion: index.DefaultFusion()}))
	if _, err := s.Search(Query{SortBy: "colour"}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("error %v", err)
	}
}

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]bool{
		"1": true, "-2.5": true, "1e3": true, "+7": true, "": false, "inf": false, "NaN": false, "0x10": false, "1_000": false,
		"2024-01-02": false, "1.2.3": false, "1e999": false,
	} {
		if _, ok := number64(text); ok != want {
			t.Errorf("%q: %v", text, ok)
		}
	}
}
