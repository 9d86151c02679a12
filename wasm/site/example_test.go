package site_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/site"
)

func Example() {
	dir, err := os.MkdirTemp("", "effir")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	content := site.Content{
		Pages: []site.Page{
			{URL: "/tea.html", Title: "Tea", Passages: []site.Passage{
				{Text: "Green tea wants water of 70 to 80 degrees."},
				{Heading: "Storing", Anchor: "storing", Text: "Keep leaves dark and dry."},
			}},
			{URL: "/coffee.html", Title: "Coffee", Passages: []site.Passage{{Text: "Grind the beans just before brewing."}}},
		},
		Fusion: index.DefaultFusion(),
	}
	if _, err := site.Write(context.Background(), dir, content, nil); err != nil {
		log.Fatal(err)
	}

	bundle, err := site.Open(os.DirFS(dir))
	if err != nil {
		log.Fatal(err)
	}
	results, err := bundle.Search(site.Query{Text: "how to store tea leav", Typing: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range results.Hits {
		best := hit.Passages[0].Passage
		fmt.Printf("%s#%s: %s\n", hit.Page.URL, best.Anchor, best.Text)
	}
	// Output: /tea.html#storing: Keep leaves dark and dry.
}
