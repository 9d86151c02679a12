package site

import (
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/site"
)

// GoDoc makes pages of the passages of corpus.GoDoc: one for each package's
// overview and one for each function, group of values, or type with its methods
// and fields. The address of a symbol's page has a fragment of its own, as Go's
// documentation shows a package as one page.
func GoDoc(passages []corpus.Passage, budget Budget) *Collection {
	c := &Collection{}
	var pages []*site.Page
	byKey := make(map[string]*site.Page)
	for _, p := range passages {
		address, anchor, _ := strings.Cut(p.URL, "#")
		symbol := ""
		if !strings.HasPrefix(anchor, "hdr-") {
			symbol, _, _ = strings.Cut(anchor, ".")
		}
		page := byKey[address+"#"+symbol]
		if page == nil {
			page = &site.Page{
				URL: address, Title: p.Section, Language: "en",
				Meta:    []site.Field{{Key: "package", Value: p.Section}},
				Filters: []site.Field{{Key: "package", Value: p.Section}},
			}
			if symbol != "" {
				page.URL += "#" + symbol
				page.Title = strings.TrimSuffix(p.Title, strings.TrimPrefix(anchor, symbol))
			}
			byKey[address+"#"+symbol] = page
			pages = append(pages, page)
		}
		heading := strings.TrimPrefix(p.Title, p.Section+": ")
		if heading == page.Title {
			heading = ""
		}
		for _, piece := range split([]string{p.Text}, page.Title+"\n"+heading, budget) {
			page.Passages = append(page.Passages, site.Passage{Heading: heading, Anchor: anchor, Text: piece})
		}
	}
	for _, page := range pages {
		if len(page.Passages) > 0 {
			c.add(page, page.URL)
		}
	}
	return c.finish()
}
