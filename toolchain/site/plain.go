package site

import (
	"strings"

	"github.com/effir/effir/wasm/site"
)

// readText returns the page that a plain text file is. A first line that stands
// alone is its title.
func readText(data []byte, at place, o HTMLOptions, n *notes) (*site.Page, error) {
	text, notice, err := decode(data)
	if err != nil {
		return nil, err
	}
	if notice != "" {
		n.notice(at.file, notice)
	}
	paragraphs := splitParagraphs(text)
	page := &site.Page{Language: canonicalLanguage(o.Language, at, n)}
	if len(paragraphs) > 1 && len(paragraphs[0]) <= maxTitleBytes/2 && !strings.Contains(paragraphs[0], "\n") {
		page.Title, paragraphs = paragraphs[0], paragraphs[1:]
	}
	return page, fill(page, []*section{{blocks: paragraphs}}, at, o.Budget, n)
}

// splitParagraphs cuts at empty lines. Lines of running text are joined; those of
// a paragraph with indentation stay, as it may be code or a table.
func splitParagraphs(text string) []string {
	var paragraphs, lines []string
	indented := false
	flush := func() {
		paragraph := strings.Join(lines, "\n")
		if indented {
			paragraph = verbatim(paragraph)
		} else {
			paragraph = collapse(paragraph)
		}
		if paragraph != "" {
			paragraphs = append(paragraphs, paragraph)
		}
		lines, indented = nil, false
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n \t")
		if line == "" {
			flush()
			continue
		}
		indented = indented || line[0] == ' ' || line[0] == '\t'
		lines = append(lines, line)
	}
	flush()
	return paragraphs
}
