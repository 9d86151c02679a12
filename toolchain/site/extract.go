package site

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// extractor reads content into sections: the text below each heading, in blocks
// that are paragraphs, list items, table rows or pieces of code.
type extractor struct {
	options  HTMLOptions
	whole    bool // a header or aside belongs to the content
	marked   bool // so does everything else: its owner said so
	sections []*section
	image    string
	ids      map[string]bool // passed
	repeats  []string        // passed again

	current *section
	inline  inline
	bullet  string // before the next paragraph
	anchor  string // the last id that was passed
	depth   int    // of definition lists
}

func newExtractor(o HTMLOptions, whole bool) *extractor {
	e := &extractor{options: o, whole: whole, ids: make(map[string]bool)}
	e.current = &section{}
	e.sections = []*section{e.current}
	return e
}

// read adds the content of root.
func (e *extractor) read(root *html.Node) {
	e.noteAnchor(root)
	e.children(root)
	e.flush()
}

func (e *extractor) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		e.node(c)
	}
}

func (e *extractor) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		e.inline.add(n.Data)
	case html.ElementNode:
		if !e.ignored(n) {
			e.noteAnchor(n)
			e.element(n)
		}
	}
}

// element reads one element that is content.
func (e *extractor) element(n *html.Node) {
	switch n.Data {
	case "h1", "h2", "h3", "h4", "h5", "h6":
		e.flush()
		if heading := headingText(n); heading != "" {
			e.open(heading, anchorIn(n, e.anchor), int(n.Data[1]-'0'))
		}
	case "dl":
		e.flush()
		e.definitions(n)
	case "pre":
		e.flush()
		e.block(verbatim(rawText(n)))
	case "table":
		e.flush()
		e.table(n)
	case "ul", "ol":
		e.flush()
		if !e.marked && isDirectory(n) {
			return
		}
		e.list(n)
	case "br":
		e.inline.lineBreak()
	case "img":
		e.picture(n)
	case "math":
		e.inline.add(formula(n))
	default:
		if !blocks[n.Data] {
			e.children(n)
			return
		}
		e.flush()
		e.children(n)
		e.flush()
	}
}

// blocks are the elements that begin a new paragraph.
var blocks = setOf("address article aside blockquote body center details dialog dd dir div dt fieldset figcaption figure " +
	"footer form header hgroup hr html legend li main menu nav optgroup option p search section summary " +
	"tbody td tfoot th thead tr caption")

// around are elements that stand around content, not in it.
var around = setOf("nav footer dialog search button")

// roles that do.
var aroundRoles = setOf("navigation search banner contentinfo dialog alertdialog menu menubar toolbar tablist doc-toc doc-backlink")

func (e *extractor) ignored(n *html.Node) bool {
	if machinery[n.Data] || around[n.Data] || aroundRoles[attribute(n, "role")] || hidden(n) {
		return true
	}
	if _, ignored := e.options.attribute(n, "ignore"); ignored {
		return true
	}
	beside := n.Data == "header" || n.Data == "aside" || attribute(n, "role") == "complementary"
	return beside && !e.whole && !within(n, "article")
}

func within(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return true
		}
	}
	return false
}

// open begins a section.
func (e *extractor) open(heading, anchor string, level int) {
	e.current = &section{heading: heading, anchor: anchor, level: level}
	e.sections = append(e.sections, e.current)
}

// flush ends the paragraph that was being put together.
func (e *extractor) flush() { e.block(e.inline.take()) }

func (e *extractor) block(text string) {
	if text == "" {
		return
	}
	if e.bullet != "" {
		text, e.bullet = e.bullet+text, ""
	}
	e.current.blocks = append(e.current.blocks, text)
}

// definitions reads a definition list. A term with an id, such as each function
// of a manual made by Sphinx or each word of a glossary, is the heading of a
// section, which ends where its definition does: what follows belongs to the
// section around the list.
func (e *extractor) definitions(list *html.Node) {
	outer := e.current
	e.depth++
	defined := true // no term waits for its definition
	var items func(n *html.Node)
	items = func(n *html.Node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			switch {
			case c.Type != html.ElementNode:
				e.node(c)
			case e.ignored(c):
			case c.Data == "div": // groups a term with its definition
				e.noteAnchor(c)
				items(c)
			case c.Data == "dt":
				e.flush()
				e.noteAnchor(c)
				id, term := idIn(c), termText(c)
				if id == "" && isSignature(c) {
					id = e.anchor
				}
				switch {
				case !defined && e.current != outer: // another term of the same definition
					e.block(term)
				case id != "" && term != "":
					e.open(term, id, 6+e.depth)
				default:
					e.current = outer
					e.block(term)
				}
				defined = false
			default:
				e.node(c)
				defined = true
			}
		}
	}
	items(list)
	e.flush()
	e.depth--
	e.current = outer
}

// picture adds what a picture shows, and keeps the first one that is no icon.
func (e *extractor) picture(n *html.Node) {
	if alt := attribute(n, "alt"); hasWord(alt) {
		e.inline.add(" " + alt + " ")
	} else {
		e.inline.add(alt) // an emoji
	}
	source := attribute(n, "src")
	width, err := strconv.Atoi(attribute(n, "width"))
	if e.image == "" && source != "" && !strings.HasPrefix(source, "data:") && (err != nil || width >= minPicture) {
		e.image = source
	}
}

// minPicture is the width in CSS pixels from which a picture is no icon.
const minPicture = 100

// formula returns the TeX source of a MathML element, or else its text.
func formula(n *html.Node) string {
	text := ""
	walk(n, func(n *html.Node) bool {
		if n.Data == "annotation" && attribute(n, "encoding") == "application/x-tex" {
			text = " " + rawText(n) + " "
		}
		return text == ""
	})
	return firstOf(text, attribute(n, "alttext"), rawText(n))
}
