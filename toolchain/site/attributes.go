package site

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/effir/effir/wasm/site"
)

// DefaultPrefix begins the attributes by which owners mark content.
const DefaultPrefix = "data-effir-"

// PagefindPrefix begins those of Pagefind, which mean the same.
const PagefindPrefix = "data-pagefind-"

// attribute returns the value of an element's attribute of that name after any of
// the prefixes.
func (o HTMLOptions) attribute(n *html.Node, name string) (value string, found bool) {
	for _, prefix := range o.prefixes() {
		if value, found = lookup(n, prefix+name); found {
			return value, true
		}
	}
	return "", false
}

var defaultPrefixes = []string{DefaultPrefix}

func (o HTMLOptions) prefixes() []string {
	if o.Prefixes == nil {
		return defaultPrefixes
	}
	return o.Prefixes
}

// owned is what an owner's attributes say about a page.
type owned struct {
	title, image         string
	meta, filters, sorts []site.Field
}

// readAttributes collects the attributes of a whole document, except in elements
// with data-effir-ignore="all".
func readAttributes(document *html.Node, at place, o HTMLOptions) owned {
	var own owned
	walk(document, func(n *html.Node) bool {
		if n.Type != html.ElementNode {
			return true
		}
		if value, _ := o.attribute(n, "ignore"); value == "all" {
			return false
		}
		if title, found := o.attribute(n, "title"); found && own.title == "" {
			own.title = collapse(firstOf(title, headingText(n)))
		}
		for _, name := range []string{"meta", "filter", "sort"} {
			if value, found := o.attribute(n, name); found {
				for _, entry := range parseEntries(value) {
					own.add(name, entry.key, entry.value(n, at), attribute(n, firstOf(entry.attribute, "src")))
				}
			}
		}
		return true
	})
	return own
}

// add notes one value. A page has one title, image and value of each sort; the
// first counts. source is the attribute that a picture is named by.
func (own *owned) add(kind, key, value, source string) {
	field := site.Field{Key: key, Value: value}
	if value == "" {
		return
	}
	switch {
	case kind == "filter":
		if !slices.Contains(own.filters, field) {
			own.filters = append(own.filters, field)
		}
	case kind == "sort":
		own.sorts = mergeFields(own.sorts, []site.Field{field})
	case key == "title":
		own.title = firstOf(own.title, value)
	case key == "image":
		own.image = firstOf(own.image, source, value)
	default:
		own.meta = mergeFields(own.meta, []site.Field{field})
	}
}

// entry is one value that an attribute asks for: key (the element's text),
// key[attribute] (an attribute of it) or key:text (the text itself).
type entry struct {
	key, attribute, text string
	literal              bool
}

// parseEntries reads entries between commas. A text after a colon goes on to the
// end, so that it may hold commas.
func parseEntries(list string) []entry {
	var entries []entry
	for list != "" {
		end := strings.IndexAny(list, ",:[")
		if end < 0 {
			end = len(list)
		}
		e := entry{key: strings.TrimSpace(list[:end])}
		rest := list[end:]
		switch {
		case strings.HasPrefix(rest, ":"):
			e.text, e.literal, rest = collapse(rest[1:]), true, ""
		case strings.HasPrefix(rest, "["):
			e.attribute, rest, _ = strings.Cut(rest[1:], "]")
			e.attribute = strings.ToLower(strings.TrimSpace(e.attribute))
			_, rest, _ = strings.Cut(rest, ",")
		default:
			rest = strings.TrimPrefix(rest, ",")
		}
		list = rest
		if e.key != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

// value is what an entry takes from its element: unless it says otherwise, the
// content of a <meta>, the machine-readable form of a <time> or <data>, or else
// the text. References become those that are stored.
func (e entry) value(n *html.Node, at place) string {
	if e.literal {
		return e.text
	}
	name := e.attribute
	if name == "" {
		switch n.Data {
		case "meta":
			name = "content"
		case "time":
			name = "datetime"
		case "data", "input":
			name = "value"
		case "img":
			name = "src"
		}
	}
	value := attribute(n, name)
	switch {
	case name == "src" || name == "href":
		return at.resolve(value)
	case name == "" || value == "" && e.attribute == "":
		return clip(headingText(n), maxFieldBytes)
	}
	return clip(collapse(value), maxFieldBytes)
}

// maxFieldBytes bounds a value: results show it beside the text.
const maxFieldBytes = 1000

// mergeFields adds to fields those of more whose keys it lacks.
func mergeFields(fields, more []site.Field) []site.Field {
	for _, field := range more {
		if !slices.ContainsFunc(fields, func(f site.Field) bool { return f.Key == field.Key }) {
			fields = append(fields, field)
		}
	}
	return fields
}

// maxFields is what a page of the bundle may have of each kind.
const maxFields = 64

func limit(fields []site.Field, name string, at place, n *notes) []site.Field {
	if len(fields) > maxFields {
		n.notice(at.file, fmt.Sprintf("has %d values of %s: the first %d count", len(fields), name, maxFields))
		fields = fields[:maxFields]
	}
	return fields
}
