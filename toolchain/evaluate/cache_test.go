package evaluate

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/encoder"
)

func openCache(t testing.TB, embedder Embedder, dir string) *Cache {
	t.Helper()
	c, err := NewCache(embedder, dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCacheAsksOncePerTextAndKind(t *testing.T) {
	dir, inner := filepath.Join(t.TempDir(), "model"), &bagOfWords{}
	first := openCache(t, inner, dir)
	texts := []string{"red apples", "blue sky", "red apples"}
	want, err := inner.Embed(context.Background(), texts, encoder.Passage)
	if err != nil {
		t.Fatal(err)
	}
	inner.passages, inner.queries = 0, 0
	for range 2 {
		got, err := first.Embed(context.Background(), texts, encoder.Passage)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("text %d: another vector", i)
			}
		}
	}
	// Another process finds them, and asks only for what is new.
	second := openCache(t, inner, dir)
	got, err := second.Embed(context.Background(), append(texts, "green trees"), encoder.Passage)
	if err != nil || !slices.Equal(got[1], want[1]) || len(got) != 4 {
		t.Errorf("vectors read back differ (%v)", err)
	}
	if inner.passages != 3 || second.Len() != 3 {
		t.Errorf("%d passages were embedded, 3 are different; %d remembered", inner.passages, second.Len())
	}
	if _, err := second.Embed(context.Background(), texts[:1], encoder.Query); err != nil || inner.queries != 1 {
		t.Errorf("a query was taken for a passage (%v)", err)
	}
}

func TestCacheKeepsNothingOfAFailure(t *testing.T) {
	dir := t.TempDir()
	for name, vectors := range map[string][][]float32{"error": nil, "too few": {{1}}, "ragged": {{1}, {1, 2}}, "empty": {{}, {}}} {
		if _, err := openCache(t, failing{vectors}, dir).Embed(context.Background(), []string{"a", "b"}, encoder.Query); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v were left behind", left)
	}
}

// cacheFile returns the bytes of a small file.
func cacheFile(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	if _, err := openCache(t, &bagOfWords{}, dir).Embed(context.Background(), []string{"a", "b"}, encoder.Query); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+cacheSuffix))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCacheNamesDamagedFiles(t *testing.T) {
	good := cacheFile(t)
	for name, data := range map[string][]byte{
		"cut": good[:len(good)-1], "empty": {}, "long": append(slices.Clone(good), 0),
		"huge": slices.Concat(good[:8], []byte{255, 255, 255, 255, 255, 255, 255, 255}, good[16:]),
		"nan":  slices.Concat(good[:len(good)-4], []byte{0, 0, 192, 127}),
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x"+cacheSuffix)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewCache(&bagOfWords{}, dir); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "delete") {
			t.Errorf("%s: error %v does not name file and remedy", name, err)
		}
	}
}

func FuzzCacheFile(f *testing.F) {
	f.Add(cacheFile(f))
	f.Add([]byte(cacheMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "x"+cacheSuffix)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &Cache{vectors: make(map[cacheKey][]float32)}
		if err := c.read(path); err != nil {
			return
		}
		for _, v := range c.vectors {
			if len(v) != c.dims {
				t.Fatalf("a vector of %d numbers among %d", len(v), c.dims)
			}
		}
	})
}
