package site

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// list marks each item's first paragraph.
func (e *extractor) list(n *html.Node) {
	number, err := strconv.Atoi(attribute(n, "start"))
	if err != nil {
		number = 1
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || c.Data != "li" {
			e.node(c)
			continue
		}
		if e.ignored(c) {
			continue
		}
		e.flush()
		e.bullet = "- "
		if n.Data == "ol" {
			e.bullet = strconv.Itoa(number) + ". "
		}
		number++
		e.node(c)
		e.flush()
		e.bullet = ""
	}
}

// directoryLinks is the number of links from which a list of nothing else is a
// directory.
const directoryLinks = 30

// isDirectory tells tables of contents: lists of many links into the same site
// and nothing else. They repeat the titles and headings of other pages, which
// should be found instead.
func isDirectory(list *html.Node) bool {
	links, linked, other := 0, 0, 0
	walk(list, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			other += len(strings.TrimSpace(n.Data))
		}
		if n.Type == html.ElementNode && n.Data == "a" && isInternal(attribute(n, "href")) {
			links++
			linked += len(strings.TrimSpace(rawText(n)))
			return false
		}
		return true
	})
	return links >= directoryLinks && other*20 < linked
}

func isInternal(reference string) bool {
	return reference != "" && !strings.Contains(reference, "://") && !strings.HasPrefix(reference, "//")
}
