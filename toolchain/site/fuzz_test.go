package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/effir/effir/wasm/site"
)

// checkPage holds a page to what a bundle can store.
func checkPage(t *testing.T, page *site.Page, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if page.Title == "" || len(page.Passages) == 0 {
		t.Fatalf("a page without title or passages: %+v", page)
	}
	budget := DefaultBudget()
	for _, p := range page.Passages {
		for _, text := range []string{p.Heading, p.Anchor, p.Text} {
			if !utf8.ValidString(text) {
				t.Fatalf("not UTF-8: %q", text)
			}
		}
		if size, room := budget.size(p.Text), budget.rest(page.Title+"\n"+p.Heading); size > room {
			t.Fatalf("%d tokens where %d fit: %q", size, room, p.Text)
		}
		if strings.TrimSpace(p.Text) == "" && p.Text != "" {
			t.Fatalf("a blank passage: %q", p.Text)
		}
	}
	for _, f := range append(append(page.Meta, page.Filters...), page.Sorts...) {
		if f.Key == "" || !utf8.ValidString(f.Key) || !utf8.ValidString(f.Value) {
			t.Fatalf("field %q=%q", f.Key, f.Value)
		}
	}
	if !utf8.ValidString(page.Title) || !utf8.ValidString(page.Image) {
		t.Fatalf("title %q image %q", page.Title, page.Image)
	}
}

var fuzzPlace = addresses{"../"}.place("a.html", "a.html")

func FuzzHTML(f *testing.F) {
	for _, name := range []string{"index.html", "guide/index.html", "guide/reference.html", "blog/post.html", "de/faehre.html"} {
		text, err := os.ReadFile(filepath.Join("testdata", "site", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := readHTML(data, fuzzPlace, HTMLOptions{Budget: DefaultBudget()}, &notes{})
		checkPage(t, page, err)
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, name := range []string{"README.md", "guide/tides.md", "guide/toml.md", "guide/broken.md"} {
		text, err := os.ReadFile(filepath.Join("testdata", "markdown", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := readMarkdown(data, fuzzPlace, HTMLOptions{Budget: DefaultBudget()}, &notes{})
		checkPage(t, page, err)
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"id":"a","title":"t","text":"x","meta":{"k":[1,{"a":2}]},"sorts":{"s":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "pages.jsonl")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := JSONL(t.Context(), name, JSONLOptions{Budget: DefaultBudget()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Pages {
			checkPage(t, &c.Pages[i], nil)
		}
	})
}

// A cache of any bytes opens, and works from then on.
func FuzzCache(f *testing.F) {
	f.Add([]byte("EFFIRVC1\x02\x00\x00\x00vec:"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "m.vectors"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c, err := OpenCache(dir, "m", 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Add([]string{"text"}, [][]float32{{1, 2}}); err != nil {
				t.Fatal(err)
			}
			if got := c.Get("text"); len(got) != 2 || got[1] != 2 {
				t.Fatalf("got %v", got)
			}
		}
	})
}
