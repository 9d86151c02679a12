package index

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func terms(text string) []string {
	var found []string
	analyze(text, func(term string, _, _ int) { found = append(found, term) })
	return found
}

func TestAnalyze(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{" \t\n.,;-_'", ""},
		{"Connections are refused", "connect refus"},
		{"the and of", ""},
		{"net/http", "net http"},
		{"http.Request", "http.request http request"},
		{"See http.", "see http"},
		{"WithCancel", "withcancel cancel"},
		{"ServeHTTP", "servehttp serv http"},
		{"HTTPServer", "httpserver http server"},
		{"parse URLs and IDs", "pars url id"},
		{"mRNA", "mrna rna"},
		{"max_tokens", "max_tokens max token"},
		{"errors.Is", "errors.is error"},
		{"int8 3.5 utf-8", "int8 3.5 3 5 utf 8"},
		{"Alzheimer's Alzheimer’s", "alzheim alzheim"},
		{"Röntgen RONTGEN ro\u0308ntgen", "rontgen rontgen rontgen"},
		{"Straße Ærø", "strass aero"},
		{"Łódź žlutý", "lodz zluti"},
		{"Привет МИР", "привет мир"},
		{"東京タワー tower", "東 京 タ ワ ー tower"},
		{"a\xffb\xc3", "b"},
	}
	for _, test := range tests {
		if got := strings.Join(terms(test.text), " "); got != test.want {
			t.Errorf("analyze(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestAnalyzeSpans(t *testing.T) {
	const text = "é http.WithCancel"
	want := []string{"e: é", "http.withcancel: http.WithCancel", "http: http", "withcancel: WithCancel", "cancel: Cancel"}
	var got []string
	analyze(text, func(term string, start, end int) { got = append(got, term+": "+text[start:end]) })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongWordsAreCut(t *testing.T) {
	for _, term := range terms(strings.Repeat("x", 1000) + strings.Repeat("Ab", 500) + strings.Repeat("a.", 500)) {
		if n := utf8.RuneCountInString(term); n > maxWordRunes {
			t.Fatalf("a term has %d characters", n)
		}
	}
}

func TestHighlight(t *testing.T) {
	tests := []struct{ text, query, want string }{
		{"Canceling a request cancels it", "cancelled requests ", "[Canceling] a [request] [cancels] it"},
		{"Use http.Client.", "client ", "Use http.[Client]."},
		{"Use http.Client.", "http.client", "Use [http.Client]."},
		{"WithCancel(parent)", "cancel", "With[Cancel](parent)"},
		{"WithCancel(parent)", "withc", "[WithCancel](parent)"},
		{"the request", "the", "the request"},
		{"Röntgen", "rontgen", "[Röntgen]"},
		{"nothing", "", "nothing"},
	}
	for _, test := range tests {
		var out strings.Builder
		last := 0
		for _, r := range Highlight(test.text, test.query) {
			out.WriteString(test.text[last:r[0]] + "[" + test.text[r[0]:r[1]] + "]")
			last = r[1]
		}
		out.WriteString(test.text[last:])
		if out.String() != test.want {
			t.Errorf("Highlight(%q, %q) = %q, want %q", test.text, test.query, out.String(), test.want)
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, seed := range []string{"http.Request's", "ÄÖÜ_x.y", "a’’b", "東京'x", "\xff\xfe", "URLs.HTTPServer2x", "ǅ", "a\u0301.\u0301b"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		analyze(text, func(term string, start, end int) {
			if term == "" || len(term) > maxTermBytes || !utf8.ValidString(term) {
				t.Fatalf("term %q", term)
			}
			if start < 0 || start >= end || end > len(text) {
				t.Fatalf("span %d:%d of %d bytes", start, end, len(text))
			}
		})
		last := 0
		for _, r := range Highlight(text, query) {
			if r[0] < last || r[1] <= r[0] || r[1] > len(text) {
				t.Fatalf("range %v after %d of %d bytes", r, last, len(text))
			}
			last = r[1]
		}
	})
}
