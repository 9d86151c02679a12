package site

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/text/language"

	"github.com/effir/effir/wasm/site"
)

// HTMLOptions shape how pages are read.
type HTMLOptions struct {
	// Language of pages that do not say theirs.
	Language string
	// Prefixes of the attributes that owners mark content with. Nil is "data-effir-".
	Prefixes []string
	Budget   Budget
}

// errSkip is why an owner's page is left out.
type errSkip string

func (e errSkip) Error() string { return string(e) }

// place says where a page lies: its file for messages, its address from the
// root of the site, and how references become those that are stored.
type place struct {
	file    string
	address string // "guide/start.html", without escapes
	resolve func(reference string) string
}

// readHTML returns the page that a document is. An error of type errSkip means
// that its owner wants it to be left out.
func readHTML(data []byte, at place, o HTMLOptions, n *notes) (*site.Page, error) {
	text, notice, err := decode(data)
	if err != nil {
		return nil, err
	}
	if notice != "" {
		n.notice(at.file, notice)
	}
	document, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, fmt.Errorf("is too broken to be read as HTML: %w", err)
	}
	return pageOf(document, at, o, n)
}

// pageOf puts a page together.
func pageOf(document *html.Node, at place, o HTMLOptions, n *notes) (*site.Page, error) {
	if reason := leftOut(document, o); reason != "" {
		return nil, errSkip(reason)
	}
	content := findContent(document, o)
	content.noteRepeats(at, n)
	own := readAttributes(document, at, o)
	facts := readHead(document)
	page := &site.Page{
		Title:    clip(firstOf(own.title, content.firstHeading(), facts.title), maxTitleBytes),
		Language: languageOf(content.root, facts, o, at, n),
		Image:    at.resolve(firstOf(own.image, facts.image, content.image)),
		Meta:     limit(mergeFields(own.meta, facts.meta), "data-effir-meta", at, n),
		Filters:  limit(own.filters, "data-effir-filter", at, n),
		Sorts:    limit(mergeFields(own.sorts, facts.sorts), "data-effir-sort", at, n),
	}
	return page, fill(page, content.sections, at, o.Budget, n)
}

// fill gives a page its title, if it has none, and its passages.
func fill(page *site.Page, sections []*section, at place, budget Budget, n *notes) error {
	titled := page.Title != ""
	if !titled {
		page.Title = clip(titleOfFile(at.address), maxTitleBytes)
	}
	page.Passages = passages(page.Title, sections, budget)
	switch text := hasText(sections); {
	case !text && !titled:
		return errors.New("has neither title nor text: nothing to find it by")
	case !text:
		n.notice(at.file, "has no text: found by its title only")
	case !titled:
		n.notice(at.file, fmt.Sprintf("has no title: called %q after its file", page.Title))
	}
	if len(page.Passages) == 0 {
		page.Passages = []site.Passage{{}}
	}
	noteUnread(page, at, budget, n)
	if bytes := textBytes(page); bytes >= largePage {
		n.notice(at.file, fmt.Sprintf("is a very large page: %.1f MB of text in %d passages", float64(bytes)/1e6, len(page.Passages)))
	}
	return nil
}

// largePage is the text, in bytes, from which a page is reported: more than a
// thick book.
const largePage = 2_000_000

// leftOut says why a page is not to be indexed, "" if it is.
func leftOut(document *html.Node, o HTMLOptions) string {
	reason := ""
	walk(document, func(n *html.Node) bool {
		if n.Type != html.ElementNode || reason != "" {
			return reason == ""
		}
		switch n.Data {
		case "html", "body":
			if _, ignored := o.attribute(n, "ignore"); ignored {
				reason = "is marked data-effir-ignore"
			}
		case "meta":
			content := strings.ToLower(attribute(n, "content"))
			if strings.EqualFold(attribute(n, "name"), "robots") && (strings.Contains(content, "noindex") || strings.TrimSpace(content) == "none") {
				reason = "asks robots not to index it"
			}
			if strings.EqualFold(attribute(n, "http-equiv"), "refresh") && strings.Contains(content, "url") {
				reason = "only leads to another page"
			}
		case "main", "article", "p", "h1":
			return false // such declarations stand in the head
		}
		return true
	})
	return reason
}

// languageOf returns the nearest declared language of the content.
func languageOf(root *html.Node, facts headFacts, o HTMLOptions, at place, n *notes) string {
	declared := ""
	for node := root; node != nil && declared == ""; node = node.Parent {
		declared = firstOf(attribute(node, "lang"), attribute(node, "xml:lang"))
	}
	return canonicalLanguage(firstOf(declared, facts.language, o.Language), at, n)
}

// canonicalLanguage returns a BCP 47 tag in its usual spelling, "" for none and
// for what is no tag.
func canonicalLanguage(tag string, at place, n *notes) string {
	if tag == "" {
		return ""
	}
	parsed, err := language.Raw.Parse(strings.TrimSpace(tag))
	if err != nil {
		n.notice(at.file, fmt.Sprintf("has the unknown language %q", clip(tag, 40)))
		return ""
	}
	if parsed == language.Und {
		return ""
	}
	return parsed.String()
}

// titleOfFile makes a title of a file's name, or its folder's for an index page.
func titleOfFile(address string) string {
	name := strings.TrimSuffix(path.Base(address), path.Ext(address))
	if folder := path.Dir(address); folder != "." && (strings.EqualFold(name, "index") || strings.EqualFold(name, "readme")) {
		name = path.Base(folder)
	}
	title := strings.TrimSpace(strings.NewReplacer("-", " ", "_", " ").Replace(name))
	return firstOf(title, address, "page")
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
