package site

import (
	"cmp"
	"slices"

	"github.com/effir/effir/wasm/site"
)

// Collection is what was read of a site.
type Collection struct {
	// Pages have at least one passage each, in the order of their sources.
	Pages []site.Page
	// Sources name where each page comes from: a file relative to the folder, or a
	// file and its line.
	Sources []string
	Report  Report
}

// Report says what became of everything that was found.
type Report struct {
	Pages     int `json:"pages"`
	Passages  int `json:"passages"`
	TextBytes int `json:"textBytes"` // of all passages
	// Problems are pages, or parts of some, that could not be read.
	Problems []Note `json:"problems"`
	// Notices are about pages that are indexed but deserve a look.
	Notices []Note `json:"notices"`
	// Skipped are pages that their owner wants to be left out.
	Skipped []Note `json:"skipped"`
	// OtherFiles counts the files of a folder that are no pages, by extension.
	OtherFiles map[string]int `json:"otherFiles,omitempty"`
}

// Note is about one file, or one line of it.
type Note struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0: the whole file
	Text string `json:"text"`
}

// notes are those of one page.
type notes struct{ problems, notices, skipped []Note }

func (n *notes) problem(file, text string) {
	n.problems = append(n.problems, Note{File: file, Text: text})
}
func (n *notes) notice(file, text string) {
	n.notices = append(n.notices, Note{File: file, Text: text})
}
func (n *notes) skip(file, text string) { n.skipped = append(n.skipped, Note{File: file, Text: text}) }

func (r *Report) add(n notes) {
	r.Problems = append(r.Problems, n.problems...)
	r.Notices = append(r.Notices, n.notices...)
	r.Skipped = append(r.Skipped, n.skipped...)
}

// add takes over a page.
func (c *Collection) add(page *site.Page, source string) {
	c.Pages = append(c.Pages, *page)
	c.Sources = append(c.Sources, source)
	c.Report.Pages++
	c.Report.Passages += len(page.Passages)
	c.Report.TextBytes += textBytes(page)
}

// finish puts the notes in the order of files.
func (c *Collection) finish() *Collection {
	for _, list := range []*[]Note{&c.Report.Problems, &c.Report.Notices, &c.Report.Skipped} {
		if *list == nil {
			*list = []Note{} // JSON says [] rather than null
		}
		slices.SortStableFunc(*list, func(a, b Note) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
	}
	return c
}

func textBytes(page *site.Page) int {
	n := 0
	for _, p := range page.Passages {
		n += len(p.Text)
	}
	return n
}
