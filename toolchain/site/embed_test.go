package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/site"
)

func newEmbedder(t *testing.T, model, cache string) *Embedder {
	t.Helper()
	e, err := NewEmbedder(os.DirFS(model), cache)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// embed returns the vectors of pages, as stored, and how many texts were given to
// the encoder.
func embed(t *testing.T, e *Embedder, pages []site.Page) (rows []int8, embedded int) {
	t.Helper()
	vectors, err := e.Embed(t.Context(), pages, func(done, _ int) { embedded = done })
	if err != nil {
		t.Fatal(err)
	}
	return vectors.Rows(), embedded
}

func somePages(n int) []site.Page {
	pages := make([]site.Page, n)
	for i := range pages {
		pages[i] = site.Page{Title: fmt.Sprintf("Page %d", i), Passages: []site.Passage{
			{Text: fmt.Sprintf("about the number %d", i)}, {Heading: "More", Text: "the same in all"},
		}}
	}
	return pages
}

// A rebuild embeds what is new, whatever happened to the cache, and always ends
// with the same vectors.
func TestEmbedIsIncremental(t *testing.T) {
	model, cache := tinymodel.Write(t), filepath.Join(t.TempDir(), "cache")
	pages := somePages(20)
	pages[3].Passages[1] = pages[3].Passages[0] // the same text twice
	want, embedded := embed(t, newEmbedder(t, model, cache), pages)
	if embedded != 39 {
		t.Errorf("%d texts were embedded, 39 are different", embedded)
	}
	check := func(what string, pages []site.Page, expected int) []int8 {
		t.Helper()
		rows, embedded := embed(t, newEmbedder(t, model, cache), pages)
		if embedded != expected {
			t.Errorf("%s: %d texts were embedded, want %d", what, embedded, expected)
		}
		return rows
	}
	if got := check("again", pages, 0); !slices.Equal(got, want) {
		t.Error("vectors from the cache differ")
	}
	changed := slices.Clone(pages)
	changed[7].Passages = slices.Clone(pages[7].Passages)
	changed[7].Passages[0].Text = "changed"
	check("one passage changed", changed, 1)

	file, err := filepath.Glob(filepath.Join(cache, "*.vectors"))
	if err != nil || len(file) != 1 {
		t.Fatalf("cache holds %v (%v)", file, err)
	}
	whole, err := os.ReadFile(file[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []struct {
		what     string
		content  []byte
		expected int
	}{
		{"torn tail", whole[:len(whole)-5-recordSize(t, whole)], 1}, // the changed passage's record and the end of another
		{"flipped bit", flip(whole, cacheHeader+100), 1},
		{"another file", []byte("something else"), 39},
		{"empty file", nil, 39},
		{"header only", whole[:cacheHeader], 39},
	} {
		if err := os.WriteFile(file[0], damage.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := check(damage.what, pages, damage.expected); !slices.Equal(got, want) {
			t.Errorf("%s: other vectors", damage.what)
		}
		check(damage.what+", again", pages, 0) // what was added after the damage is found
	}
}

func recordSize(t *testing.T, file []byte) int {
	t.Helper()
	if size := (len(file) - cacheHeader) / 40; cacheHeader+40*size == len(file) {
		return size
	}
	t.Fatal("the cache does not hold 40 records")
	return 0
}

func flip(data []byte, at int) []byte {
	data = slices.Clone(data)
	data[at] ^= 1
	return data
}

// What was embedded before a run was stopped is not embedded again.
func TestEmbedKeepsWhatWasDone(t *testing.T) {
	model, cache := tinymodel.Write(t), t.TempDir()
	pages := somePages(400)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := newEmbedder(t, model, cache).Embed(ctx, pages, func(done, _ int) {
		if done > 50 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped run ended with %v", err)
	}
	left := len(newEmbedder(t, model, cache).Missing(pages))
	if left > 750 || left == 0 {
		t.Errorf("%d of 800 texts are left to embed", left)
	}
	got, embedded := embed(t, newEmbedder(t, model, cache), pages)
	want, _ := embed(t, newEmbedder(t, model, t.TempDir()), pages)
	if embedded != left || !slices.Equal(got, want) {
		t.Errorf("%d texts were embedded of %d, same vectors: %v", embedded, left, slices.Equal(got, want))
	}
}

// Another model's vectors are not taken.
func TestModelsHaveTheirOwnCache(t *testing.T) {
	cache, pages := t.TempDir(), somePages(2)
	embed(t, newEmbedder(t, tinymodel.Write(t), cache), pages)
	if _, embedded := embed(t, newEmbedder(t, tinymodel.WriteSlim(t), cache), pages); embedded != 4 {
		t.Errorf("%d texts were embedded for another model, want 4", embedded)
	}
}

func TestEmbedText(t *testing.T) {
	page := &site.Page{Title: "T"}
	for want, p := range map[string]site.Passage{
		"T\nH\nx": {Heading: "H", Text: "x"}, "T\nx": {Heading: "T", Text: "x"}, "T": {}, "T\nH": {Heading: "H"},
	} {
		if got := EmbedText(page, p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// With a model's tokenizer, no passage that is embedded is cut.
func TestPassagesFitTheModel(t *testing.T) {
	budget, err := ModelBudget(models.Default())
	if err != nil {
		t.Fatal(err)
	}
	if budget.Tokens != 254 { // 256 with [CLS] and [SEP]
		t.Errorf("budget of %d tokens", budget.Tokens)
	}
	root := write(t, map[string]string{"page.md": "# A title\n\n" + longText(3000) + "\n\n## A heading\n\n```\n" + longText(900) + "\n```\n"})
	c := readFolder(t, root, FolderOptions{HTMLOptions: HTMLOptions{Budget: budget}})
	passages := c.Pages[0].Passages
	if len(passages) < 10 {
		t.Fatalf("%d passages", len(passages))
	}
	for _, p := range passages {
		if n := budget.Measure(EmbedText(&c.Pages[0], p)); n > budget.Tokens {
			t.Errorf("a passage has %d tokens", n)
		}
	}
}

func longText(words int) string {
	text := ""
	for i := range words {
		text += fmt.Sprintf("w%d", i*i)
		switch {
		case i%200 == 199:
			text += "\n"
		case i%17 == 16:
			text += ". Then "
		default:
			text += " "
		}
	}
	return text
}
