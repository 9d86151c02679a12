package site

import (
	"strings"

	"golang.org/x/net/html"
)

// walk visits n and what is in it, in document order, except what is in a node
// for which visit returns false.
func walk(n *html.Node, visit func(*html.Node) bool) {
	if !visit(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

// attribute returns the value of an attribute, "" if there is none.
func attribute(n *html.Node, name string) string {
	value, _ := lookup(n, name)
	return value
}

func lookup(n *html.Node, name string) (value string, found bool) {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" || a.Namespace != "" && a.Namespace+":"+a.Key == name {
			return strings.TrimSpace(a.Val), true
		}
	}
	return "", false
}

// hasClass says whether one of the element's classes is name.
func hasClass(n *html.Node, name string) bool {
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		if class == name {
			return true
		}
	}
	return false
}

// rawText returns the text in n as it stands, a line end for each <br>.
func rawText(n *html.Node) string {
	var text strings.Builder
	walk(n, func(n *html.Node) bool {
		switch {
		case n.Type == html.TextNode:
			text.WriteString(n.Data)
		case n.Type == html.ElementNode && n.Data == "br":
			text.WriteByte('\n')
		case n.Type == html.ElementNode && (hidden(n) || machinery[n.Data]):
			return false
		}
		return true
	})
	return text.String()
}

// machinery are elements whose text is not read by people.
var machinery = setOf("head script style template noscript iframe object embed svg canvas video audio map " +
	"select textarea input datalist progress meter")

// hidden says whether an element is not shown to readers.
func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			if !strings.EqualFold(a.Val, "until-found") {
				return true
			}
		case "aria-hidden":
			if strings.EqualFold(strings.TrimSpace(a.Val), "true") {
				return true
			}
		case "style":
			if strings.Contains(strings.ReplaceAll(strings.ToLower(a.Val), " ", ""), "display:none") {
				return true
			}
		}
	}
	return false
}

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}
