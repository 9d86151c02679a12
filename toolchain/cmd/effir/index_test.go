package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/site"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
	format "github.com/effir/effir/wasm/site"
)

// copySite returns a copy of a site in a folder of the test.
func copySite(t *testing.T, name string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "public")
	if err := os.CopyFS(root, os.DirFS(filepath.Join("..", "..", "site", "testdata", name))); err != nil {
		t.Fatal(err)
	}
	return root
}

// runIndex runs effir index, which must succeed.
func runIndex(t *testing.T, arguments ...string) string {
	t.Helper()
	out, err := run(t, append([]string{"index"}, arguments...)...)
	if err != nil {
		t.Fatalf("index %v: %v\n%s", arguments, err, out)
	}
	return out
}

// files returns the names and contents of a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(os.DirFS(dir), name)
		found[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A site is found by keyword, by meaning, by filter and by its neighbours, and
// has all files that a page loads.
func TestIndexSite(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	root, tiny := copySite(t, "site"), tinymodel.Write(t)
	guest := filepath.Join(t.TempDir(), "guest.wasm")
	if err := os.WriteFile(guest, []byte("module"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := runIndex(t, root, "--model", tiny, "--guest", guest)
	for _, want := range []string{"8 pages", "embedded now", "picture.html: has no text", "left out, is excluded by a pattern (1): 404.html"} {
		if !strings.Contains(out, want) {
			t.Errorf("index printed\n%s\nwhich lacks %q", out, want)
		}
	}
	bundle := filepath.Join(root, "effir")
	for _, name := range []string{"index.json", "effir.js", "worker.js", "effir-search.js", "sw.js", "guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm", "model/model.json", "model/pages.json"} {
		if info, err := os.Stat(filepath.Join(bundle, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"index.html", "style.css"} {
		if _, err := os.Stat(filepath.Join(bundle, name)); err == nil {
			t.Errorf("%s of the demo is in the bundle", name)
		}
	}
	s, err := format.Open(os.DirFS(bundle))
	if err != nil {
		t.Fatal(err)
	}
	model, err := native.Open(os.DirFS(tiny), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	passage := "Sailing guide\nHow do I anchor?\nSlowly, against the wind."
	vector, err := model.EmbedOne(passage, encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		query     format.Query
		url, want string
	}{
		"keyword":    {format.Query{Text: "bowline"}, "../guide/", "Knots"},
		"identifier": {format.Query{Text: "rope.Rope.cut"}, "../guide/reference.html", "rope.Rope.cut(at)"},
		"meaning":    {format.Query{Vector: vector}, "../guide/", "How do I anchor?"},
		"filter":     {format.Query{Filters: map[string][]string{"tag": {"Weather"}}}, "../blog/post.html", ""},
	} {
		results, err := s.Search(test.query)
		if err != nil || len(results.Hits) == 0 {
			t.Fatalf("%s: %v, %v", name, results, err)
		}
		hit := results.Hits[0]
		if hit.Page.URL != test.url || hit.Passages[0].Passage.Heading != test.want {
			t.Errorf("%s: found %s, %q", name, hit.Page.URL, hit.Passages[0].Passage.Heading)
		}
	}
}

// The same site gives the same bytes in another folder; a changed page costs one
// embedding; what is gone from the site is gone from the bundle.
func TestIndexAgain(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	root, tiny, other := copySite(t, "site"), tinymodel.Write(t), filepath.Join(t.TempDir(), "effir")
	common := []string{"--model", tiny, "--bundle-only", "--url-base", "/"}
	runIndex(t, append(common, root)...)
	first := files(t, filepath.Join(root, "effir"))
	if out := runIndex(t, append(common, root, "-o", other)...); !strings.Contains(out, "(0 embedded now)") {
		t.Errorf("vectors were made again: %s", out)
	}
	second := files(t, other)
	for name, content := range first {
		if second[name] != content {
			t.Errorf("%s differs in the second bundle", name)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d and %d files", len(first), len(second))
	}
	page := filepath.Join(root, "de", "faehre.html")
	if err := os.WriteFile(page, []byte("<title>Neu</title><p>Anders."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root, "picture.html")); err != nil {
		t.Fatal(err)
	}
	if out := runIndex(t, append(common, root)...); !strings.Contains(out, "7 pages") || !strings.Contains(out, "(1 embedded now)") {
		t.Errorf("after one change: %s", out)
	}
}

// A site that is named relative to where one stands, as most people do, is the
// same: its own bundle is not taken for pages of it.
func TestIndexRelative(t *testing.T) {
	root := copySite(t, "site")
	t.Chdir(filepath.Dir(root))
	for range 2 { // the second time the bundle is there
		runIndex(t, "public", "--keyword-only", "--bundle-only")
		if err := os.WriteFile(filepath.Join("public", "effir", "page.html"), []byte("<title>Bundle</title><p>Not a page."), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(root, filepath.Join("public", "guide", "loop")); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Skip(err)
		}
	}
	if out := runIndex(t, "public", "--keyword-only", "--bundle-only"); !strings.Contains(out, "8 pages") || !strings.Contains(out, "guide/loop: is a link to a folder around it") {
		t.Errorf("with a bundle and a link that leads back: %s", out)
	}
}

// What is printed at the end can be pasted, wherever the site lies on its server.
func TestIndexSaysHow(t *testing.T) {
	root := copySite(t, "site")
	for _, test := range []struct {
		arguments []string
		want      []string
	}{
		{nil, []string{`src="/effir/effir-search.js"`, `project page: src="/PROJECT/effir/effir-search.js"`, "https or from localhost"}},
		{[]string{"-o", filepath.Join(root, "assets", "search")}, []string{`src="/assets/search/effir-search.js"`, `src="/PROJECT/assets/search/effir-search.js"`}},
		{[]string{"--url-base", "/docs"}, []string{`src="/docs/effir/effir-search.js"`}},
		{[]string{"--url-base", "https://name.example.org/project/"}, []string{`src="/project/effir/effir-search.js"`}},
	} {
		out := runIndex(t, append([]string{root, "--keyword-only"}, test.arguments...)...)
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v printed\n%s\nwhich lacks %s", test.arguments, out, want)
			}
		}
		if got := strings.Count(out, "src="); got != len(slices.DeleteFunc(test.want, func(s string) bool { return !strings.Contains(s, "src=") })) {
			t.Errorf("%v printed %d addresses:\n%s", test.arguments, got, out)
		}
	}
}

func TestIndexDryRun(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	t.Setenv("EFFIR_CACHE", cache)
	root := copySite(t, "markdown")
	before := files(t, root)
	out := runIndex(t, root, "--dry-run", "--passages", "--model", tinymodel.Write(t))
	for _, want := range []string{"guide/tides.md  Tide tables  2 passages", "# A heading that is not the title", "The sea follows.", "5 pages", "to embed", "is a draft (1): guide/draft.md"} {
		if !strings.Contains(out, want) {
			t.Errorf("dry run printed\n%s\nwhich lacks %q", out, want)
		}
	}
	if after := files(t, root); len(after) != len(before) {
		t.Errorf("a dry run left %d files of %d", len(after), len(before))
	}
	if _, err := os.Stat(cache); err == nil {
		t.Error("a dry run made a cache")
	}
}

func TestIndexReportAndStrict(t *testing.T) {
	root := copySite(t, "markdown")
	report := filepath.Join(t.TempDir(), "reports", "index.json")
	runIndex(t, root, "--keyword-only", "--bundle-only", "--report", report)
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var got site.Report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Pages != 5 || len(got.Problems) != 1 || got.Problems[0].File != "guide/broken.md" || len(got.Skipped) != 1 {
		t.Errorf("report %+v", got)
	}
	strict := filepath.Join(t.TempDir(), "strict")
	if _, err := run(t, "index", root, "--keyword-only", "--bundle-only", "--strict", "-o", strict); err == nil || !strings.Contains(err.Error(), "--strict") {
		t.Errorf("strict: %v", err)
	}
	if _, err := os.Stat(strict); err == nil {
		t.Error("a refused build wrote something")
	}
}

// Lines of JSON, and the layout of BEIR, are pages.
func TestIndexJSONL(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join("..", "..", "site", "testdata"))); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{filepath.Join(root, "pages.jsonl"): "3 pages", writeDataset(t): "2 pages"} {
		out := runIndex(t, source, "--keyword-only", "--bundle-only")
		if !strings.Contains(out, want) {
			t.Errorf("%s: %s", source, out)
		}
		dir := source
		if filepath.Ext(source) == ".jsonl" {
			dir = filepath.Dir(source)
		}
		if _, err := os.Stat(filepath.Join(dir, "effir", format.ManifestName)); err != nil {
			t.Error(err)
		}
	}
}

func TestIndexBadInput(t *testing.T) {
	empty := t.TempDir()
	note := filepath.Join(t.TempDir(), "note.pdf")
	if err := os.WriteFile(note, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	site := copySite(t, "site")
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{empty, "--keyword-only"}, "nothing to index"},
		{[]string{filepath.Join(empty, "missing")}, "missing"},
		{[]string{note, "--keyword-only"}, "note.pdf"},
		{[]string{site, "--model", empty}, "model.json"},
		{[]string{site, "--guest", filepath.Join(empty, "guest.wasm")}, "--bundle-only"},
		{[]string{site, "--types", "pdf", "--keyword-only"}, "pdf"},
		{[]string{site, "--markdown-urls", "flat"}, "--markdown-urls"},
		{[]string{site, "--exclude", "[", "--keyword-only"}, "bracket"},
		{[]string{site, "--passages"}, "--dry-run"},
		{[]string{site, "--watch", "-o", site}, "-o"},
		{[]string{site, "--watch", "--dry-run"}, "--watch"},
		{[]string{site, "--keyword-weight", "NaN"}, "eight"},
		{[]string{"godoc"}, "-o"},
		{[]string{"godoc", "--watch", "-o", empty}, "--watch"},
		{[]string{"godoc", "--whole"}, "-o"},
	} {
		_, err := run(t, append([]string{"index"}, c.arguments...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %s", c.arguments, err, c.want)
		}
	}
	if left := files(t, empty); len(left) != 0 {
		t.Errorf("%v were left behind", left)
	}
	if _, err := os.Stat(filepath.Join(site, "effir")); err == nil {
		t.Error("a refused build wrote something")
	}
}

// syncBuffer is a bytes.Buffer that several goroutines may use.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.String()
}

// Watching builds after a change; when a build fails, the bundle stays.
func TestIndexWatch(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	root := copySite(t, "site")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out syncBuffer
	ended := make(chan error, 1)
	go func() {
		command := rootCommand()
		command.SetOut(&out)
		command.SetErr(&out)
		command.SetArgs([]string{"index", root, "--watch", "--bundle-only", "--model", tinymodel.Write(t), "--report", filepath.Join(root, "report.json")})
		ended <- command.ExecuteContext(ctx)
	}()
	wait := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.text(), want); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no %q in\n%s", want, out.text())
			}
		}
	}
	wait("watching")
	time.Sleep(200 * time.Millisecond)
	if err := os.WriteFile(filepath.Join(root, "new.html"), []byte("<title>New</title><p>A new page."), 0o600); err != nil {
		t.Fatal(err)
	}
	wait("9 pages")
	wait("(1 embedded now)")
	manifest, err := os.ReadFile(filepath.Join(root, "effir", format.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, _ error) error {
		if filepath.Ext(path) == ".html" {
			return os.Remove(path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wait("the bundle stays as it was")
	after, err := os.ReadFile(filepath.Join(root, "effir", format.ManifestName))
	if err != nil || !bytes.Equal(manifest, after) {
		t.Errorf("a failed build changed the bundle (%v)", err)
	}
	builds := strings.Count(out.text(), "MB of text in") + strings.Count(out.text(), "stays as it was")
	time.Sleep(time.Second)
	if again := strings.Count(out.text(), "MB of text in") + strings.Count(out.text(), "stays as it was"); again != builds {
		t.Errorf("%d builds without a change", again-builds)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("watching ended with %v", err)
	}
}
