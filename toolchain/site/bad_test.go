package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// write makes files of a site in a temporary folder.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// noteOf returns the notes about a file, one a line.
func noteOf(notes []Note, file string) string {
	var found []string
	for _, note := range notes {
		if note.File == file {
			found = append(found, note.Text)
		}
	}
	return strings.Join(found, "\n")
}

// Every bad page is named with its reason, and the good one is there.
func TestBadPages(t *testing.T) {
	deep := strings.Repeat("<div>", 100_000) + "deep"
	root := write(t, map[string]string{
		"good.html":     "<title>Good</title><p>Good text.</p>",
		"empty.html":    "",
		"nothing.html":  "<html><body><nav>Only navigation</nav></body></html>",
		"broken.html":   "<title>Broken</title><table><p>Un<b>closed <td>cells</div></p><a href='",
		"deep.html":     deep,
		"binary.html":   "\x7fELF\x00\x00\x01",
		"latin.html":    `<meta charset="utf-8"><title>Latin</title><p>caf` + "\xe9 au lait</p>",
		"claims.html":   `<meta charset="iso-8859-1"><title>Claims</title><p>naïve</p>`,
		"utf16.html":    "\xff\xfe<\x00p\x00>\x00h\x00i\x00<\x00/\x00p\x00>\x00",
		"repeats.html":  `<title>Repeats</title><h2 id="a">One</h2><p>x</p><h2 id="a">Two</h2><p>y</p>`,
		"index.html":    "<title>Home</title><p>x",
		"index.htm":     "<title>Home</title><p>y",
		"controls.html": "<title>Con\x07trol</title><p>bell\x08\x1b[31m red</p>",
	})
	var many strings.Builder
	many.WriteString("<title>Fields</title><p>text ")
	for i := range 100 {
		fmt.Fprintf(&many, `<i data-effir-filter="tag">%d</i> `, i)
	}
	if err := os.WriteFile(filepath.Join(root, "fields.html"), []byte(many.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := readFolder(t, root, FolderOptions{})
	titles := make(map[string]string)
	for i, page := range c.Pages {
		titles[c.Sources[i]] = page.Title
	}
	for file, want := range map[string]string{
		"good.html": "Good", "broken.html": "Broken", "latin.html": "Latin", "claims.html": "Claims", "utf16.html": "utf16",
		"repeats.html": "Repeats", "fields.html": "Fields", "controls.html": "Control", "index.html": "Home", "index.htm": "Home",
	} {
		if titles[file] != want {
			t.Errorf("%s: title %q, want %q", file, titles[file], want)
		}
	}
	if len(c.Pages) != 10 {
		t.Errorf("%d pages are indexed, want 10: %v", len(c.Pages), titles)
	}
	for file, want := range map[string]string{
		"empty.html": "neither title nor text", "nothing.html": "neither title nor text", "deep.html": "too broken", "binary.html": "not text",
	} {
		if got := noteOf(c.Report.Problems, file); !strings.Contains(got, want) {
			t.Errorf("%s: problem %q does not say %q", file, got, want)
		}
	}
	for file, want := range map[string]string{
		"latin.html": "other bytes", "claims.html": "read as UTF-8", "utf16.html": "no title", "repeats.html": `such as "a"`, "fields.html": "the first 64", "index.html": "same address as index.htm",
	} {
		if got := noteOf(c.Report.Notices, file); !strings.Contains(got, want) {
			t.Errorf("%s: notice %q does not say %q", file, got, want)
		}
	}
	for _, page := range c.Pages {
		if page.Title == "Control" && page.Passages[0].Text != "bell[31m red" {
			t.Errorf("controls: %q", page.Passages[0].Text)
		}
	}
}

// A huge page, a page of a million words and a word of a megabyte are divided
// like any other.
func TestHugePages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	sentence := "The harbour is long and the sea is wide. "
	root := write(t, map[string]string{
		"words.html": "<title>Words</title><main>" + strings.Repeat("<p>"+strings.Repeat(sentence, 11)+"</p>", 10_102) + "</main>",
		"line.txt":   strings.Repeat("word ", 200_000),
		"blob.html":  "<title>Blob</title><pre>" + strings.Repeat("QUJD", 1<<18) + "</pre>",
		"data.html":  "<title>Data</title><p>" + sentence + "</p><img src='data:image/png;base64," + strings.Repeat("iVBORw0KGgo", 1_000_000) + "'>",
		"mb10.html":  "<title>Ten</title>" + strings.Repeat("<p>"+sentence+"</p>"+strings.Repeat("<!-- pad -->", 4), 110_000),
	})
	c := readFolder(t, root, FolderOptions{Types: []string{"html", "txt"}})
	if len(c.Pages) != 5 || len(c.Report.Problems) != 0 {
		t.Fatalf("%d pages, problems %v", len(c.Pages), c.Report.Problems)
	}
	budget := DefaultBudget()
	for i, page := range c.Pages {
		words := 0
		for _, p := range page.Passages {
			words += len(strings.Fields(p.Text))
			if size := budget.size(EmbedText(&page, p)); size > MaxTokens {
				t.Fatalf("%s: a passage has %d tokens", c.Sources[i], size)
			}
		}
		if want := map[string]int{"words.html": 10_102 * 11 * 9, "line.txt": 200_000, "mb10.html": 110_000 * 9, "data.html": 9}[c.Sources[i]]; want > 0 && words != want {
			t.Errorf("%s: %d words are left of %d", c.Sources[i], words, want)
		}
	}
	for file, want := range map[string]string{
		"words.html": "is a very large page", "mb10.html": "is a very large page", "data.html": "is a very large file: 11.0 MB, of which 0.0 MB are text", "line.txt": "",
	} {
		if got := noteOf(c.Report.Notices, file); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s: notice %q, want one: %q", file, got, want)
		}
	}
}

// Pages that browsers repair are repaired, and indexed with all their words.
func TestBrokenPages(t *testing.T) {
	pages := map[string]string{
		"unclosed.html":  "<html><head><title>Unclosed</title><body><main><section><div><p>one<p>two<ul><li>three<li><b>four<table><tr><td>five",
		"misnested.html": "<title>Misnested</title><b><p>one</b> two</p><i><div>three</i> four</div></main></body></html></div>five",
		"attribute.html": `<title>Attribute</title><p class="a b>one</p><p id="x">two three four five</p>`,
		"comment.html":   "<title>Comment</title><p>one two three four five<!-- never closed <p>hidden",
		"heads.html":     "<title>Heads</title></head></head><body><head><body><h1>Heads<h2>one<p>two</h1>three</h3>four<p>five",
		"entities.html":  "<title>Entities &amp &lt;</title><p>&onetwo; one &#x110000; two &#0; three &amp four &nbsp;five",
		"script.html":    "<title>Script</title><p>one two three four five<script>document.write('<p>",
		"nul.html":       "<title>Nul</title><p>one two three four fi\uFFFDve",
	}
	c := readFolder(t, write(t, pages), FolderOptions{})
	if len(c.Pages) != len(pages) || len(c.Report.Problems) > 0 {
		t.Errorf("%d pages of %d are indexed, problems %v", len(c.Pages), len(pages), c.Report.Problems)
	}
	for i, page := range c.Pages {
		text := page.Title
		for _, p := range page.Passages {
			text += " " + p.Heading + " " + p.Text
		}
		for _, word := range []string{"two", "three", "four"} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %q lacks %q", c.Sources[i], text, word)
			}
		}
		if strings.Contains(text, "hidden") || strings.Contains(text, "document.write") {
			t.Errorf("%s: %q", c.Sources[i], text)
		}
	}
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs rights on Windows")
	}
	elsewhere := write(t, map[string]string{"far.html": "<title>Far</title><p>away"})
	root := write(t, map[string]string{
		"a/page.html": "<title>Page</title><p>text", "effir/old.html": "<title>Old bundle</title><p>not read",
	})
	for name, target := range map[string]string{
		"a/loop": root, "again": filepath.Join(root, "a"), "twin.html": filepath.Join(root, "a", "page.html"),
		"nowhere.html": filepath.Join(root, "missing.html"), "missing.css": filepath.Join(root, "missing.css"),
		"outside": elsewhere, "outside2": elsewhere, "self.html": filepath.Join(root, "self.html"),
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("absolute", func(t *testing.T) { checkLinks(t, root) })
	t.Run("relative", func(t *testing.T) { // as most people name their site
		t.Chdir(filepath.Dir(root))
		checkLinks(t, filepath.Base(root))
	})
	t.Run("here", func(t *testing.T) {
		t.Chdir(root)
		checkLinks(t, ".")
	})
}

// checkLinks reads the site of TestLinks by a name of its folder.
func checkLinks(t *testing.T, root string) {
	c := readFolder(t, root, FolderOptions{Out: filepath.Join(root, "effir")})
	if got := strings.Join(c.Sources, " "); got != "a/page.html outside/far.html" {
		t.Errorf("pages %s", got)
	}
	for file, want := range map[string]string{"nowhere.html": "leads nowhere", "self.html": "leads nowhere", "missing.css": ""} {
		if got := noteOf(c.Report.Problems, file); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: problem %q, want %q", file, got, want)
		}
	}
	if got := noteOf(c.Report.Notices, "a/loop"); !strings.Contains(got, "around it") {
		t.Errorf("loop: %q", got)
	}
	for _, file := range []string{"again", "twin.html", "outside2"} {
		if got := noteOf(c.Report.Skipped, file); !strings.Contains(got, "already") {
			t.Errorf("%s: %q", file, got)
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	root := write(t, map[string]string{"good.html": "<title>Good</title><p>text", "secret.html": "<p>x", "closed/page.html": "<p>x"})
	if os.Getuid() == 0 { // for whom permissions mean nothing: a file whose reading fails
		if _, err := os.ReadFile("/proc/self/mem"); err == nil || runtime.GOOS != "linux" {
			t.Skip("this user may read everything")
		}
		if err := os.Remove(filepath.Join(root, "secret.html")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/proc/self/mem", filepath.Join(root, "secret.html")); err != nil {
			t.Fatal(err)
		}
	} else {
		for _, name := range []string{"secret.html", "closed"} {
			path := filepath.Join(root, name)
			if err := os.Chmod(path, 0); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
		}
	}
	c := readFolder(t, root, FolderOptions{})
	if got := noteOf(c.Report.Problems, "secret.html"); !strings.Contains(got, "cannot be read") {
		t.Errorf("unreadable file: %q, problems %v", got, c.Report.Problems)
	}
	if os.Getuid() != 0 && !strings.Contains(noteOf(c.Report.Problems, "closed"), "cannot be read") {
		t.Errorf("unreadable folder: %v", c.Report.Problems)
	}
	if c.Sources[len(c.Sources)-1] != "good.html" {
		t.Errorf("the good page is missing: %v", c.Sources)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	root := write(t, map[string]string{"page.html": "<p>x"})
	for _, test := range []struct {
		root string
		o    FolderOptions
		want string
	}{
		{filepath.Join(root, "none"), FolderOptions{}, "none"},
		{filepath.Join(root, "page.html"), FolderOptions{}, "not a folder"},
		{root, FolderOptions{Types: []string{"pdf"}}, "pdf"},
		{root, FolderOptions{Exclude: []string{"a[b"}}, "a[b"},
	} {
		if _, err := Folder(t.Context(), test.root, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v does not name %s", err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Folder(ctx, root, FolderOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := JSONL(t.Context(), filepath.Join(root, "none.jsonl"), JSONLOptions{}); err == nil {
		t.Error("a missing file of lines is no error")
	}
}
