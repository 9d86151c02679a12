package site

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/effir/effir/wasm/index"
)

// Page is one page of a site, as the writer takes it and hits return it.
type Page struct {
	URL      string
	Title    string
	Language string // BCP 47; empty: not said
	Image    string // URL of a picture; may be empty
	// Meta is what results show beside the text, in this order.
	Meta []Field
	// Filters hold the values by which results can be narrowed. A key may come
	// several times.
	Filters []Field
	// Sorts hold at most one value per key, by which results can be ordered.
	Sorts []Field
	// Passages are the parts of the page in reading order, at least one.
	Passages []Passage
}

// Field is a named value.
type Field struct{ Key, Value string }

// Passage is a part of a page, short enough to be embedded as a whole.
type Passage struct {
	Heading string // the heading above it; may be empty
	Anchor  string // fragment of the page's URL, without '#'; may be empty
	Text    string
}

// Content is everything that a bundle is made from.
type Content struct {
	Pages []Page
	// Vectors have one row for every passage, in the order of the pages. Nil
	// makes a bundle for keyword search only.
	Vectors *index.Vectors
	// Model is the SHA-256 of the manifest of the model that made Vectors.
	Model  string
	Fusion index.Fusion
}

const (
	maxPages    = 1 << 22
	maxPassages = 1 << 22
	// maxText bounds every string of a page in bytes, maxFields its lists, so
	// that the shard of any passage stays readable.
	maxText   = 1 << 20
	maxFields = 64
)

// Document is what a passage is found by: the page's title and the passage's
// heading, unless they are equal, count as titles.
func Document(page Page, passage Passage) index.Document {
	title := page.Title
	if passage.Heading != "" && passage.Heading != page.Title {
		title += "\n" + passage.Heading
	}
	return index.Document{Title: title, Text: passage.Text}
}

func (c *Content) passages() int {
	n := 0
	for i := range c.Pages {
		n += len(c.Pages[i].Passages)
	}
	return n
}

// check reports the first part of c that no bundle can hold.
func (c *Content) check() error {
	if len(c.Pages) > maxPages || c.passages() > maxPassages {
		return errors.New("site: more than 4194304 pages or passages: split the site into several bundles")
	}
	if err := c.Fusion.Check(); err != nil {
		return err
	}
	if v := c.Vectors; v != nil {
		if v.Len() != c.passages() {
			return errors.New("site: there are " + strconv.Itoa(v.Len()) + " vectors for " +
				strconv.Itoa(c.passages()) + " passages: embed every passage once")
		}
		if !isHex(c.Model, 64) {
			return errors.New("site: Model is not a SHA-256 in lower-case hex: name the model that made the vectors")
		}
	}
	for i := range c.Pages {
		if field, problem := c.Pages[i].check(); problem != "" {
			return errors.New("page " + strconv.Itoa(i) + " (" + c.Pages[i].URL + "): " + field + " " + problem)
		}
	}
	return nil
}

// check returns the first field that is not usable and why.
func (p *Page) check() (field, problem string) {
	texts := []struct{ name, text string }{
		{"URL", p.URL}, {"title", p.Title}, {"language", p.Language}, {"image", p.Image},
	}
	for _, list := range []struct {
		name   string
		fields []Field
	}{{"meta", p.Meta}, {"filters", p.Filters}, {"sorts", p.Sorts}} {
		if len(list.fields) > maxFields {
			return list.name, "are more than 64: keep those that readers need"
		}
		for _, f := range list.fields {
			if f.Key == "" {
				return list.name, "have an empty key: name every field"
			}
			texts = append(texts, struct{ name, text string }{list.name, f.Key}, struct{ name, text string }{list.name, f.Value})
		}
	}
	for i, f := range p.Sorts {
		for _, other := range p.Sorts[:i] {
			if f.Key == other.Key {
				return "sorts", "have two values for " + f.Key + ": keep one"
			}
		}
	}
	if len(p.Passages) == 0 {
		return "passages", "are missing: a page without text needs one empty passage"
	}
	for _, passage := range p.Passages {
		texts = append(texts, struct{ name, text string }{"heading", passage.Heading},
			struct{ name, text string }{"anchor", passage.Anchor}, struct{ name, text string }{"text", passage.Text})
	}
	for _, t := range texts {
		switch {
		case len(t.text) > maxText:
			return t.name, "is over 1 MiB: divide it into passages"
		case !utf8.ValidString(t.text):
			return t.name, "is not UTF-8: convert it first"
		}
	}
	return "", ""
}
