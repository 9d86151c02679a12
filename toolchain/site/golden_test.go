package site

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/site"
)

var update = flag.Bool("update", false, "write the golden files anew; read the difference before you keep them")

// describe shows everything of a collection in lines that a person can check
// against the sources.
func describe(c *Collection) string {
	var out strings.Builder
	for i, page := range c.Pages {
		fmt.Fprintf(&out, "== %s -> %s\ntitle %q language %q image %q\n", c.Sources[i], page.URL, page.Title, page.Language, page.Image)
		for _, list := range []struct {
			name   string
			fields []site.Field
		}{{"meta", page.Meta}, {"filter", page.Filters}, {"sort", page.Sorts}} {
			for _, f := range list.fields {
				fmt.Fprintf(&out, "%s %s=%q\n", list.name, f.Key, f.Value)
			}
		}
		for _, p := range page.Passages {
			fmt.Fprintf(&out, "-- %q #%s\n", p.Heading, p.Anchor)
			for line := range strings.Lines(p.Text) {
				fmt.Fprintf(&out, "   |%s\n", strings.TrimRight(line, "\n"))
			}
		}
	}
	for _, list := range []struct {
		name  string
		notes []Note
	}{{"problem", c.Report.Problems}, {"notice", c.Report.Notices}, {"skipped", c.Report.Skipped}} {
		for _, note := range list.notes {
			fmt.Fprintf(&out, "%s %s:%d %s\n", list.name, note.File, note.Line, note.Text)
		}
	}
	return out.String()
}

func checkGolden(t *testing.T, c *Collection, name string) {
	t.Helper()
	got, file := describe(c), filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := append(gotLines, make([]string, len(wantLines))...)[i], append(wantLines, make([]string, len(gotLines))...)[i]
		if g != w {
			t.Fatalf("%s, line %d:\n got %s\nwant %s", name, i+1, g, w)
		}
	}
}

func readFolder(t *testing.T, root string, o FolderOptions) *Collection {
	t.Helper()
	if o.Budget.Measure == nil {
		o.Budget = DefaultBudget()
	}
	c, err := Folder(context.Background(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The goldens were written by the test and then checked line by line against
// what a browser shows of the sources.
func TestHTMLSite(t *testing.T) {
	c := readFolder(t, "testdata/site", FolderOptions{Out: "testdata/site/effir", Exclude: DefaultExclude})
	checkGolden(t, c, "site.golden")
	if c.Report.OtherFiles[".css"] != 1 || c.Report.Pages != len(c.Pages) || c.Report.TextBytes == 0 {
		t.Errorf("report %+v", c.Report)
	}
}

func TestMarkdownFolder(t *testing.T) {
	checkGolden(t, readFolder(t, "testdata/markdown", FolderOptions{URLBase: "/docs", MarkdownURLs: "folder"}), "markdown.golden")
}

func TestJSONL(t *testing.T) {
	c, err := JSONL(t.Context(), "testdata/pages.jsonl", JSONLOptions{Budget: DefaultBudget(), URLBase: "/data/"})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, c, "jsonl.golden")
}
