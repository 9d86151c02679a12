package site

import (
	"fmt"
	"slices"

	"golang.org/x/net/html"
)

// content is what a page says.
type content struct {
	root     *html.Node // where it begins
	sections []*section
	image    string   // the first picture's source
	repeats  []string // ids that stand at several places
}

// findContent takes the first of these that has text or headings: what is marked
// data-effir-body, the main element (or role=main), the articles, the body
// without what surrounds a page's content. Of several of one kind all count.
func findContent(document *html.Node, o HTMLOptions) content {
	var best content
	for _, kind := range []struct {
		match func(*html.Node) bool
		// there is nothing around the content in it; nor what nobody would look for
		whole, marked bool
	}{
		{func(n *html.Node) bool { _, marked := o.attribute(n, "body"); return marked }, true, true},
		{func(n *html.Node) bool { return n.Data == "main" || attribute(n, "role") == "main" }, true, false},
		{func(n *html.Node) bool { return n.Data == "article" || attribute(n, "role") == "article" }, true, false},
		{func(n *html.Node) bool { return n.Data == "body" }, false, false},
	} {
		roots := topmost(document, kind.match, o)
		if len(roots) == 0 {
			continue
		}
		e := newExtractor(o, kind.whole)
		e.marked = kind.marked
		for _, root := range roots {
			e.read(root)
		}
		found := content{root: roots[0], sections: e.sections, image: e.image, repeats: e.repeats}
		if hasText(found.sections) || len(found.sections) > 1 {
			return found
		}
		if best.root == nil {
			best = found
		}
	}
	return best
}

// topmost returns the elements that match and are in no other that does, nor in
// anything that is left out.
func topmost(document *html.Node, match func(*html.Node) bool, o HTMLOptions) []*html.Node {
	var found []*html.Node
	walk(document, func(n *html.Node) bool {
		if n.Type != html.ElementNode {
			return true
		}
		if _, ignored := o.attribute(n, "ignore"); ignored || machinery[n.Data] || hidden(n) {
			return false
		}
		if match(n) {
			found = append(found, n)
			return false
		}
		return true
	})
	return found
}

// firstHeading returns the first h1 of the content.
func (c content) firstHeading() string {
	for _, s := range c.sections {
		if s.level == 1 {
			return s.heading
		}
	}
	return ""
}

// noteRepeats reports ids that lead to the first of several places.
func (c content) noteRepeats(at place, n *notes) {
	if len(c.repeats) > 0 {
		slices.Sort(c.repeats)
		ids := slices.Compact(c.repeats)
		n.notice(at.file, fmt.Sprintf("has ids more than once (%d), such as %q: links lead to the first", len(ids), clip(ids[0], 80)))
	}
}
