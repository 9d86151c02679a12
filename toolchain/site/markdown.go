package site

import (
	"bytes"
	"errors"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	rendering "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/effir/effir/wasm/site"
)

// markdown understands what GitHub does and definition lists; HTML in it stays,
// as it is only read, never shown.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.DefinitionList, extension.Footnote),
	goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithAttribute()),
	goldmark.WithRendererOptions(rendering.WithUnsafe()),
)

// readMarkdown returns the page that a Markdown file is. What its front matter
// says goes before what its text does.
func readMarkdown(data []byte, at place, o HTMLOptions, n *notes) (*site.Page, error) {
	text, notice, err := decode(data)
	if err != nil {
		return nil, err
	}
	if notice != "" {
		n.notice(at.file, notice)
	}
	front, body, err := splitFrontMatter(text)
	if err != nil {
		n.problem(at.file, err.Error()+": the text is indexed without it")
	}
	if front.hidden != "" {
		return nil, errSkip(front.hidden)
	}
	var rendered bytes.Buffer
	ids := parser.NewContext(parser.WithIDs(&headingIDs{used: make(map[string]int)}))
	if err := markdown.Convert([]byte(body), &rendered, parser.WithContext(ids)); err != nil {
		return nil, errors.New("cannot be read as Markdown: " + err.Error())
	}
	document, err := html.ParseWithOptions(&rendered, html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, errors.New("is too deeply nested: " + err.Error())
	}
	content := findContent(document, o)
	content.noteRepeats(at, n)
	own := readAttributes(document, at, o)
	page := &site.Page{
		URL:      front.url,
		Title:    clip(firstOf(front.title, own.title, content.firstHeading()), maxTitleBytes),
		Language: canonicalLanguage(firstOf(front.language, o.Language), at, n),
		Image:    at.resolve(firstOf(front.image, own.image, content.image)),
		Meta:     limit(mergeFields(front.meta, own.meta), "meta", at, n),
		Filters:  limit(append(front.filters, own.filters...), "filter", at, n),
		Sorts:    limit(mergeFields(front.sorts, own.sorts), "sort", at, n),
	}
	return page, fill(page, content.sections, at, o.Budget, n)
}

// markdownAddress returns where a site shows a Markdown file, see
// FolderOptions.MarkdownURLs. README.md and index.md are their folder's page.
func markdownAddress(file, how string) string {
	folder, name := path.Split(file)
	stem := strings.TrimSuffix(name, path.Ext(name))
	index := strings.EqualFold(stem, "index") || strings.EqualFold(stem, "readme") || stem == "_index"
	switch {
	case how != "html" && how != "folder":
		return file
	case index:
		return folder
	case how == "html":
		return folder + stem + ".html"
	}
	return folder + stem + "/"
}

// headingIDs names headings as GitHub, Hugo and many others do: lower case,
// spaces as hyphens, no punctuation, a number for repeats.
type headingIDs struct{ used map[string]int }

// Generate implements parser.IDs.
func (ids *headingIDs) Generate(heading []byte, _ ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(string(heading)))
	if id == "" {
		id = "section"
	}
	number := ids.used[id]
	ids.used[id]++
	if number > 0 {
		id += "-" + strconv.Itoa(number)
		ids.used[id]++
	}
	return []byte(id)
}

// Put implements parser.IDs: an id that the author gave.
func (ids *headingIDs) Put(id []byte) { ids.used[string(id)]++ }
