package site

import (
	"strings"

	"golang.org/x/net/html"
)

// noteAnchor remembers the nearest place before a heading that can be linked to.
func (e *extractor) noteAnchor(n *html.Node) {
	id := idOf(n)
	if id == "" {
		return
	}
	if e.ids[id] {
		e.repeats = append(e.repeats, id)
	}
	e.ids[id] = true
	e.anchor = id
}

// idOf returns the id of an element, or the name of an old-style anchor.
func idOf(n *html.Node) string {
	if id := attribute(n, "id"); id != "" || n.Data != "a" {
		return id
	}
	return attribute(n, "name")
}

// idIn returns the id of an element or else the first one in it.
func idIn(n *html.Node) string {
	id := ""
	walk(n, func(n *html.Node) bool {
		if id == "" && n.Type == html.ElementNode {
			id = idOf(n)
		}
		return id == ""
	})
	return id
}

// anchorIn returns where a link to a heading leads: to its own id, or the nearest
// one before it.
func anchorIn(n *html.Node, before string) string { return firstOf(idIn(n), before) }

// headingText returns a heading's text without the links to itself that many
// generators add ("¶", "#") and without links to source code.
func headingText(n *html.Node) string {
	var in inline
	walk(n, func(n *html.Node) bool {
		switch {
		case n.Type == html.TextNode:
			in.add(n.Data)
		case n.Type != html.ElementNode:
		case n.Data == "br":
			in.add(" ")
		case n.Data == "img":
			in.add(" " + attribute(n, "alt") + " ")
		case hidden(n) || machinery[n.Data] || isSelfLink(n) || hasClass(n, "sig-prename"):
			return false
		case n.Data == "math":
			in.add(formula(n))
			return false
		}
		return true
	})
	return in.take()
}

// isSelfLink tells links that belong to a heading from those that are its text.
func isSelfLink(n *html.Node) bool {
	if n.Data != "a" {
		return false
	}
	text := rawText(n)
	return strings.HasPrefix(attribute(n, "href"), "#") && !hasWord(text) || collapse(text) == "[source]"
}

// termText returns the heading that a term of a definition list makes. Sphinx
// shows a method of Python or JavaScript by its bare name below its class; alone
// it needs its full one, which is its id.
func termText(n *html.Node) string {
	text := headingText(n)
	id := attribute(n, "id")
	if !isSignature(n) || !hasClass(n, "py") && !hasClass(n, "js") {
		return text
	}
	name := ""
	walk(n, func(n *html.Node) bool {
		if name == "" && n.Type == html.ElementNode && hasClass(n, "sig-name") {
			name = collapse(rawText(n))
		}
		return name == ""
	})
	if name != "" && strings.HasSuffix(id, "."+name) {
		text = strings.Replace(text, name, id, 1)
	}
	return text
}

// isSignature tells the terms by which Sphinx describes functions, classes and
// options.
func isSignature(n *html.Node) bool { return hasClass(n, "sig") }
