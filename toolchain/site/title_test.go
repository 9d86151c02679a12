package site

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/effir/effir/wasm/index"
	format "github.com/effir/effir/wasm/site"
)

// A page whose first heading is its title has no passage for that heading alone: the
// title belongs to every passage. With nothing else on it the page is found by its
// title only.
func TestTitlesAloneAreNoPassages(t *testing.T) {
	root := write(t, map[string]string{
		"guide.html":   `<title>Zucchini guide</title><h1 id="top">Zucchini guide</h1><h2 id="sow">Sowing</h2><p>In April.<h2 id="reap">Harvest</h2><h3 id="when">When</h3><p>In July.`,
		"bare.html":    `<title>Quince</title><h1>Quince</h1>`,
		"empty.html":   `<title>Medlar</title><h1 id="m">Medlar</h1><h2 id="x">Origins</h2><h2 id="y">Uses</h2>`,
		"another.html": `<title>Leeks</title><h1>Leeks</h1><p>They stand all winter.`,
	})
	c := readFolder(t, root, FolderOptions{})
	notes := readFolder(t, write(t, map[string]string{"notes.md": "# Rhubarb notes\n\n## Cooking\n\nWith sugar.\n"}), FolderOptions{})
	c.Pages = append(c.Pages, notes.Pages...)
	want := map[string]string{
		"Zucchini guide": `"Sowing" #sow "In April."; "Harvest" #reap "When"; "When" #when "In July."`,
		"Rhubarb notes":  `"Cooking" #cooking "With sugar."`,
		"Quince":         `"" # ""`,
		"Medlar":         `"Origins" #x ""; "Uses" #y ""`,
		"Leeks":          `"" # "They stand all winter."`,
	}
	if len(c.Pages) != len(want) {
		t.Fatalf("%d pages, want %d", len(c.Pages), len(want))
	}
	for _, page := range c.Pages {
		got := ""
		for i, p := range page.Passages {
			if i > 0 {
				got += "; "
			}
			got += fmt.Sprintf("%q #%s %q", p.Heading, p.Anchor, p.Text)
		}
		if got != want[page.Title] {
			t.Errorf("%s: %s, want %s", page.Title, got, want[page.Title])
		}
	}

	dir := t.TempDir()
	if _, err := format.Write(context.Background(), dir, format.Content{Pages: c.Pages, Fusion: index.DefaultFusion()}, nil); err != nil {
		t.Fatal(err)
	}
	s, err := format.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for title := range want {
		results, err := s.Search(format.Query{Text: title})
		if err != nil || len(results.Hits) == 0 || results.Hits[0].Page.Title != title {
			t.Errorf("%q found %+v, %v", title, results, err)
		}
	}
}
