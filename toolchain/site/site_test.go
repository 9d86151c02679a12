package site

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/corpus"
)

func TestAddresses(t *testing.T) {
	for _, test := range []struct{ out, base, address, reference, page, resolved string }{
		{"site/effir", "", "guide/a b.html", "img/x.png", "../guide/a%20b.html", "../guide/img/x.png"},
		{"site/assets/search", "", "", "../x.png?v=2", "../../", "../../x.png?v=2"},
		{"site", "", "a.html", "b.png", "./a.html", "./b.png"},
		{"elsewhere", "", "a.html", "", "/a.html", ""},
		{"site/effir", "https://example.org/docs", "ü.html", "/x.png", "https://example.org/docs/%C3%BC.html", "/x.png"},
		{"site/effir", "/docs/", "a:b.html", "https://cdn.example.org/x.png", "/docs/a:b.html", "https://cdn.example.org/x.png"},
		{"site/effir", "", "a.html", "data:image/png;base64,AA", "../a.html", ""},
		{"site/effir", "", "a.html", "java\nscript:%zz", "../a.html", ""},
	} {
		a := newAddresses("site", test.out, test.base)
		if got := a.of(test.address); got != test.page {
			t.Errorf("%q from %s: %q, want %q", test.address, test.out, got, test.page)
		}
		if got := a.place("f", test.address).resolve(test.reference); got != test.resolved {
			t.Errorf("%q from %s: %q, want %q", test.reference, test.out, got, test.resolved)
		}
	}
	for file, want := range map[string][3]string{
		"guide/start.md": {"guide/start.md", "guide/start.html", "guide/start/"},
		"guide/index.md": {"guide/index.md", "guide/", "guide/"},
		"README.md":      {"README.md", "", ""},
	} {
		for i, how := range []string{"file", "html", "folder"} {
			if got := markdownAddress(file, how); got != want[i] {
				t.Errorf("%s as %s: %q, want %q", file, how, got, want[i])
			}
		}
	}
}

func TestParseEntries(t *testing.T) {
	for list, want := range map[string]string{
		"author":                 "{author   false}",
		" a , b[ src ],c":        "{a   false}{b src  false}{c   false}",
		"a:one, two: three":      "{a  one, two: three true}",
		"a[data-x], b:c":         "{a data-x  false}{b  c true}",
		",,:x,[y":                "{ }",
		"unfinished[src":         "{unfinished src  false}",
		"a[b]junk, after[title]": "{a b  false}{after title  false}",
	} {
		got := ""
		for _, e := range parseEntries(list) {
			got += fmt.Sprintf("%v", e)
		}
		if want == "{ }" {
			want = ""
		}
		if got != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}

func TestExclude(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"a.html", "old/a.html", "old/deep/b.html", "tag/x/index.html", "keep/tag.html"} {
		files[name] = "<title>" + name + "</title><p>text"
	}
	root := write(t, files)
	for _, test := range []struct {
		patterns []string
		want     string
	}{
		{nil, "a.html keep/tag.html old/a.html old/deep/b.html tag/x/index.html"},
		{[]string{"old/", "tag"}, "a.html keep/tag.html"},
		{[]string{"*.html"}, ""},
		{[]string{"old/a.html", "*/tag.html"}, "a.html old/deep/b.html tag/x/index.html"},
	} {
		c := readFolder(t, root, FolderOptions{Exclude: test.patterns})
		if got := strings.Join(c.Sources, " "); got != test.want {
			t.Errorf("without %v: %s, want %s", test.patterns, got, test.want)
		}
	}
}

// HTML hides the text files that lie beside it, unless they are asked for.
func TestTypes(t *testing.T) {
	root := write(t, map[string]string{"a.html": "<title>A</title><p>x", "b.md": "# B\n\nx", "robots.txt": "User-agent: *"})
	for want, kinds := range map[string][]string{"a.html": nil, "a.html b.md": {"html", "md"}, "robots.txt": {"txt"}} {
		if got := strings.Join(readFolder(t, root, FolderOptions{Types: kinds}).Sources, " "); got != want {
			t.Errorf("%v: %s, want %s", kinds, got, want)
		}
	}
}

func TestPagefindAttributes(t *testing.T) {
	root := write(t, map[string]string{"a.html": `<title>A</title><p>outside<div data-pagefind-body>in <b data-pagefind-ignore>out</b><i data-pagefind-filter="k:v"></i></div>`})
	o := FolderOptions{HTMLOptions: HTMLOptions{Prefixes: []string{DefaultPrefix, PagefindPrefix}}}
	page := readFolder(t, root, o).Pages[0]
	if page.Passages[0].Text != "in" || len(page.Filters) != 1 || page.Filters[0].Value != "v" {
		t.Errorf("%+v", page)
	}
}

// The same files give the same pages however many cores read them; what did not
// change is not read again.
func TestFolderIsDeterministic(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		files[fmt.Sprintf("%d/page.html", i)] = fmt.Sprintf("<h1>Page %d</h1><p>Text of it.<h2 id=a>More</h2>And more.", i)
	}
	root := write(t, files)
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	want := describe(readFolder(t, root, FolderOptions{}))
	runtime.GOMAXPROCS(8)
	memory := &Memory{}
	for range 3 {
		if got := describe(readFolder(t, root, FolderOptions{Memory: memory})); got != want {
			t.Fatal("another reading gives other pages")
		}
	}
	if err := os.WriteFile(filepath.Join(root, "7", "page.html"), []byte("<h1>Changed</h1><p>And longer than before, so that its size tells."), 0o600); err != nil {
		t.Fatal(err)
	}
	got := readFolder(t, root, FolderOptions{Memory: memory})
	if i := slices.Index(got.Sources, "7/page.html"); got.Pages[i].Title != "Changed" {
		t.Errorf("the changed page is %q", got.Pages[i].Title)
	}
}

func TestGoDoc(t *testing.T) {
	const address = "https://pkg.go.dev/net/http"
	c := GoDoc([]corpus.Passage{
		{Title: "net/http", Text: "Package http.", URL: address, Section: "net/http"},
		{Title: "net/http: Servers", Text: "ListenAndServe.", URL: address + "#hdr-Servers", Section: "net/http"},
		{Title: "http.Client", Text: "type Client struct\nA client.", URL: address + "#Client", Section: "net/http"},
		{Title: "http.NewRequest", Text: "func NewRequest()", URL: address + "#NewRequest", Section: "net/http"},
		{Title: "http.Client.Do", Text: "Do sends.", URL: address + "#Client.Do", Section: "net/http"},
		{Title: "http.Header.Get", Text: "Get gets.", URL: address + "#Header.Get", Section: "net/http"},
	}, DefaultBudget())
	checkGolden(t, c, "godoc.golden")
}

func TestEstimateTokens(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "one": 2, "one two three four five": 7, "internationalisation": 4, "港は静か": 4, " \n": 0,
	} {
		if got := estimateTokens(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
