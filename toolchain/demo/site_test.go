package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/toolchain/site"
	format "github.com/effir/effir/wasm/site"
)

func TestPagesHaveAreas(t *testing.T) {
	pages := Pages([]corpus.Passage{
		{Title: "net/http", Section: "net/http", URL: "https://pkg.go.dev/net/http", Text: "Package http provides clients and servers."},
		{Title: "http.Get", Section: "net/http", URL: "https://pkg.go.dev/net/http#Get", Text: "Get issues a GET."},
		{Title: "sync", Section: "sync", URL: "https://pkg.go.dev/sync", Text: "Package sync provides locks."},
	}, site.DefaultBudget())
	var got []string
	for _, page := range pages {
		for _, filter := range page.Filters {
			if filter.Key == AreaFilter {
				got = append(got, page.Title+" in "+filter.Value)
			}
		}
	}
	if want := "net/http in net, http.Get in net, sync in sync"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

// TestSiteIsSearchedBeforeAndAfterEmbedding goes the whole way, with a few
// packages of the Go that runs the test and a tiny model.
func TestSiteIsSearchedBeforeAndAfterEmbedding(t *testing.T) {
	t.Setenv("EFFIR_CACHE", t.TempDir())
	model := os.DirFS(tinymodel.Write(t))
	passages, err := Corpus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	passages = slices.DeleteFunc(passages, func(p corpus.Passage) bool {
		return !slices.Contains([]string{"bufio", "context", "sync"}, p.Section)
	})
	opened, err := open(t.Context(), model, "vectors", passages)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Missing < 30 || opened.Missing > opened.Passages {
		t.Fatalf("%d passages, %d of them to embed", opened.Passages, opened.Missing)
	}
	find := func(vectors bool) {
		t.Helper()
		index, err := format.Open(os.DirFS(opened.Index))
		if err != nil {
			t.Fatal(err)
		}
		results, err := index.Search(format.Query{Text: "newline-delimited lines of text", Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		if len(results.Hits) == 0 || results.Hits[0].Page.Title != "bufio.Scanner" {
			t.Fatalf("found %+v", results.Hits)
		}
		text, err := os.ReadFile(filepath.Join(opened.Index, format.ManifestName))
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := format.ParseManifest(text)
		if err != nil || (manifest.Vectors != nil) != vectors {
			t.Fatalf("vectors are %+v, want %t: %v", manifest.Vectors, vectors, err)
		}
	}
	find(false)
	calls := 0
	if err := opened.Embed(t.Context(), func(int, int) { calls++ }); err != nil {
		t.Fatal(err)
	}
	if calls == 0 {
		t.Error("no progress was reported")
	}
	find(true)
	if opened, err = open(t.Context(), model, "vectors", passages); err != nil {
		t.Fatal(err)
	}
	if opened.Missing != 0 {
		t.Errorf("the second run has to embed %d passages", opened.Missing)
	}
	find(true)
}
