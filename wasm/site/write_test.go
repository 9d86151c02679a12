package site

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/index"
)

// contents returns the files of a folder by name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(data)
	}
	return files
}

func TestSameContentGivesSameBytes(t *testing.T) {
	first := contents(t, written(t, testContent(t, 600, 32)))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	second := contents(t, written(t, testContent(t, 600, 32)))
	if len(first) != len(second) || len(first) < 20 {
		t.Fatalf("%d files and %d", len(first), len(second))
	}
	for name, data := range first {
		if second[name] != data {
			t.Errorf("%s differs", name)
		}
	}
}

func TestNamesAreContentHashes(t *testing.T) {
	for name, data := range contents(t, written(t, testContent(t, 50, 16))) {
		if name != ManifestName && name != fileName([]byte(data))+".bin" {
			t.Errorf("%s is not the hash of its content", name)
		}
	}
}

func TestRewritingRemovesOnlyWhatNoBundleNeeds(t *testing.T) {
	c := testContent(t, 100, 16)
	dir := written(t, c)
	before := contents(t, dir)
	strange := []string{"notes.txt", strings.Repeat("A", 32) + ".bin", strings.Repeat("0", 64) + ".bin", strings.Repeat("0", 31) + ".bin"}
	for _, name := range strange {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	orphan := strings.Repeat("0", 32) + ".bin" // of a run that was interrupted
	if err := os.WriteFile(filepath.Join(dir, orphan), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Pages[99].Passages[0].Text += " another ending"
	if _, err := Write(context.Background(), dir, c, nil); err != nil {
		t.Fatal(err)
	}
	after := contents(t, dir)
	want := contents(t, written(t, c))
	for name := range after {
		if _, ours := want[name]; !ours && !slices.Contains(strange, name) {
			t.Errorf("%s is left over", name)
		}
	}
	if len(after) != len(want)+len(strange) {
		t.Errorf("%d files, want %d", len(after), len(want)+len(strange))
	}
	kept := 0
	for name, data := range before {
		if after[name] == data {
			kept++
		}
	}
	if kept < 3 {
		t.Errorf("only %d files are the same after a small change", kept)
	}
}

func TestDamagedFileIsWrittenAgain(t *testing.T) {
	c := testContent(t, 30, 0)
	dir := written(t, c)
	want := contents(t, dir)
	for name, data := range want {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data[:len(data)/2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Write(context.Background(), dir, c, nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range contents(t, dir) {
		if data != want[name] {
			t.Errorf("%s is still damaged", name)
		}
	}
}

func TestCancelledWriteLeavesTheOldBundle(t *testing.T) {
	c := testContent(t, 200, 16)
	dir := written(t, c)
	query := Query{Text: c.Pages[9].Title}
	want := numbers(search(t, opened(t, dir), query))
	changed := testContent(t, 260, 16)
	for _, stop := range []int{1, 300, 900, 1400, 2000} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Write(ctx, dir, changed, func(done, total int) {
			if done >= stop {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		if got := numbers(search(t, opened(t, dir), query)); !slices.Equal(got, want) {
			t.Errorf("after stopping at %d: %v, want %v", stop, got, want)
		}
	}
}

func TestProgressReachesTheEnd(t *testing.T) {
	c := testContent(t, 40, 8)
	last, end := 0, 0
	_, err := Write(context.Background(), t.TempDir(), c, func(done, total int) {
		if done < last || done > total || end != 0 && total != end {
			t.Errorf("%d of %d after %d of %d", done, total, last, end)
		}
		last, end = done, total
	})
	if err != nil || last != end || end == 0 {
		t.Errorf("ended at %d of %d, error %v", last, end, err)
	}
}

func TestEmptySite(t *testing.T) {
	vectors, err := index.NewVectors(8)
	if err != nil {
		t.Fatal(err)
	}
	s := opened(t, written(t, Content{Vectors: vectors, Model: testModel, Fusion: index.DefaultFusion()}))
	if hits := search(t, s, Query{Text: "anything", Typing: true}); len(hits) != 0 {
		t.Errorf("an empty site found %v", hits)
	}
	s = opened(t, written(t, Content{Pages: []Page{{URL: "/", Passages: []Passage{{}}}}, Fusion: index.DefaultFusion()}))
	if hits := search(t, s, Query{Text: "anything"}); len(hits) != 0 {
		t.Errorf("an empty page was found: %v", hits)
	}
}

func TestWriteNamesBadContent(t *testing.T) {
	good := func() Content { return testContent(t, 3, 8) }
	for _, test := range []struct {
		want   string
		change func(*Content)
	}{
		{"vectors for", func(c *Content) { c.Pages = c.Pages[:2] }},
		{"Model", func(c *Content) { c.Model = "smol" }},
		{"fusion", func(c *Content) { c.Fusion = index.Fusion{} }},
		{"passages are missing", func(c *Content) { c.Pages[1].Passages = nil; c.Vectors = nil }},
		{"title is not UTF-8", func(c *Content) { c.Pages[1].Title = "\xff" }},
		{"text is over 1 MiB", func(c *Content) { c.Pages[1].Passages[0].Text = strings.Repeat("a", maxText+1) }},
		{"meta are more", func(c *Content) { c.Pages[1].Meta = make([]Field, maxFields+1) }},
		{"filters have an empty key", func(c *Content) { c.Pages[1].Filters = []Field{{"", "x"}} }},
		{"sorts have two values", func(c *Content) { c.Pages[1].Sorts = []Field{{"a", "x"}, {"a", "y"}} }},
	} {
		c := good()
		test.change(&c)
		dir := t.TempDir()
		if _, err := Write(context.Background(), dir, c, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v", test.want, err)
		}
		if files := contents(t, dir); len(files) != 0 {
			t.Errorf("%s: %d files were written", test.want, len(files))
		}
	}
}

func TestStoredFilesHaveNoTime(t *testing.T) {
	for name, data := range contents(t, written(t, testContent(t, 3, 0))) {
		if name != ManifestName && !bytes.Equal([]byte(data)[4:8], make([]byte, 4)) {
			t.Errorf("%s holds a time", name)
		}
	}
}
