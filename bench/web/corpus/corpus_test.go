package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestShares(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		count int
		want  []int
	}{
		{[]int{10, 10, 10}, 6, []int{2, 2, 2}},
		{[]int{10, 1, 10}, 9, []int{4, 1, 4}},
		{[]int{10, 10}, 3, []int{2, 1}},
		{[]int{1, 0, 2}, 100, []int{1, 0, 2}},
		{nil, 5, []int{}},
	} {
		if got := shares(c.sizes, c.count); !slices.Equal(got, c.want) {
			t.Errorf("shares(%v, %d) = %v, want %v", c.sizes, c.count, got, c.want)
		}
	}
}

// documentation writes a small folder in Sphinx's layout.
func documentation(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"library/index.html": "The library. It has modules that read files of many kinds. It has modules that write files of many kinds.",
		"library/csv.html":   "Rows are read by a reader. Rows are written by a writer. A dialect says how rows are quoted.",
		"genindex-A.html":    "a b c", "search.html": "Search",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		html := `<!DOCTYPE html><html lang="en"><title>T</title><nav>menu</nav><div class="body" role="main"><h1>T</h1><p>` + text + `</p></div></html>`
		if err := os.WriteFile(filepath.Join(root, name), []byte(html), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func records(t *testing.T, count int) string {
	t.Helper()
	folder := t.TempDir()
	line := `{"_id": "a/B c", "title": "A <title>", "text": "Some text & more."}` + "\n"
	if err := os.WriteFile(filepath.Join(folder, "foldoc.jsonl"), []byte(strings.Repeat(line, count)), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// The same sources make the same site; missing records are replaced by generated pages.
func TestBuild(t *testing.T) {
	o := options{python: documentation(t), records: records(t, 5), pages: 12, generated: 2}
	var made [2]*about
	for i := range made {
		o.out = filepath.Join(t.TempDir(), "site")
		var err error
		if made[i], err = build(t.Context(), o, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if made[0].SHA256 != made[1].SHA256 || made[0].Pages != 12 {
		t.Errorf("made %+v, then %+v", made[0], made[1])
	}
	if s := made[0].Sources; s["python"] != 2 || s["foldoc"] != 5 || s["generated"] != 5 {
		t.Errorf("sources %v", s)
	}
	csv, err := os.ReadFile(filepath.Join(o.out, "python", "library", "csv.html"))
	if err != nil || !bytes.Contains(csv, []byte(`role="main" data-pagefind-body`)) {
		t.Errorf("csv.html: %s, %v", csv, err)
	}
	record, err := os.ReadFile(filepath.Join(o.out, "foldoc", "00000-a-b-c.html"))
	if err != nil || !bytes.Contains(record, []byte("<h1>A &lt;title&gt;</h1>")) || !bytes.Contains(record, []byte("<p>Some text &amp; more.</p>")) {
		t.Errorf("record: %s, %v", record, err)
	}
	if _, err := os.Stat(filepath.Join(o.out, "python", "genindex-A.html")); err == nil {
		t.Error("Sphinx's index is in the site")
	}
}

func TestBuildRefuses(t *testing.T) {
	good, broken := documentation(t), records(t, 1)
	if err := os.WriteFile(filepath.Join(broken, "foldoc.jsonl"), []byte("{\"_id\": \"a\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := documentation(t)
	if err := os.WriteFile(filepath.Join(other, "library", "csv.html"), []byte("<p>no main"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{python: t.TempDir(), pages: 9}, "library/index.html"},
		{options{python: good, pages: 1}, "--pages 1"},
		{options{python: good, records: broken, pages: 9}, "line 1"},
		{options{python: other, pages: 9}, "library/csv.html"},
	} {
		c.o.out = filepath.Join(t.TempDir(), "site")
		if _, err := build(t.Context(), c.o, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v does not name %s", err, c.want)
		}
		if _, err := os.Stat(c.o.out); err == nil {
			t.Error("a refused build left a site")
		}
	}
}
