package site

import (
	"strings"

	"golang.org/x/net/html"
)

// table adds a block for each row, its cells divided by bars. A table that holds
// code, headings, lists or other tables is only there for layout: what is in its
// cells counts as if it stood outside.
func (e *extractor) table(table *html.Node) {
	if isLayout(table) {
		e.layout(table)
		return
	}
	walk(table, func(n *html.Node) bool {
		if n.Type != html.ElementNode || n == table {
			return true
		}
		if e.ignored(n) {
			return false
		}
		e.noteAnchor(n)
		switch n.Data {
		case "caption":
			e.children(n)
			e.flush()
			return false
		case "tr":
			e.block(e.row(n))
			return false
		}
		return true
	})
}

// row returns the cells of a table's row, "" if they are all empty.
func (e *extractor) row(n *html.Node) string {
	var cells []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || c.Data != "td" && c.Data != "th" || e.ignored(c) {
			continue
		}
		cells = append(cells, e.cell(c))
	}
	if row := strings.Join(cells, " | "); strings.Trim(row, " |") != "" {
		return row
	}
	return ""
}

// cell returns a cell's text as one line.
func (e *extractor) cell(n *html.Node) string {
	inner := *e
	inner.current, inner.inline, inner.bullet = &section{}, inline{}, ""
	inner.read(n)
	e.image, e.anchor, e.repeats = inner.image, inner.anchor, inner.repeats
	return collapse(strings.Join(inner.current.blocks, " "))
}

// isLayout looks for what does not fit into a cell's line.
func isLayout(table *html.Node) bool {
	layout := false
	walk(table, func(n *html.Node) bool {
		if n != table && n.Type == html.ElementNode {
			switch n.Data {
			case "pre", "table", "h1", "h2", "h3", "h4", "h5", "h6", "dl":
				layout = true
			}
		}
		return !layout
	})
	return layout
}

// layout reads cells as paragraphs, without columns of line numbers beside code.
func (e *extractor) layout(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && c.Data == "td" && strings.Trim(rawText(c), " \t\r\n0123456789") == "" {
			continue
		}
		switch c.Data {
		case "thead", "tbody", "tfoot", "tr":
			e.layout(c)
		default:
			e.node(c)
		}
	}
}
