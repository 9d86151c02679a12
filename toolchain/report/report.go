// Package report writes results as one HTML file that needs nothing else: no scripts, no fonts, no
// network. It reads well in light and dark surroundings and on paper.
package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"

	"github.com/effir/effir/internal/atomicfile"
)

// Page is a report.
type Page struct {
	Title    string
	Lead     string // one paragraph below the title: what this is about
	Sections []Section
}

// Section is a heading with what stands below it.
type Section struct {
	Title string
	Parts []Part
}

// Part is what a section consists of: Text, Table, Chart or HeatMap.
type Part interface {
	html() (template.HTML, error)
}

// Text is a paragraph.
type Text string

// Table shows rows of text. The first column is aligned to the left, the others, as numbers, to the
// right.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string
}

// Write renders the page to a file, which appears complete or not at all.
func (p Page) Write(path string) error {
	var out bytes.Buffer
	if err := p.Render(&out); err != nil {
		return err
	}
	return atomicfile.Write(path, out.Bytes())
}

// Render writes the page to w.
func (p Page) Render(w io.Writer) error {
	type section struct {
		Title string
		Parts []template.HTML
	}
	data := struct {
		Title, Lead string
		Sections    []section
	}{Title: p.Title, Lead: p.Lead}
	for _, s := range p.Sections {
		rendered := section{Title: s.Title}
		for _, part := range s.Parts {
			html, err := part.html()
			if err != nil {
				return fmt.Errorf("report: section %q: %w", s.Title, err)
			}
			rendered.Parts = append(rendered.Parts, html)
		}
		data.Sections = append(data.Sections, rendered)
	}
	return templates.ExecuteTemplate(w, "page", data)
}

func (t Text) html() (template.HTML, error) { return execute("text", t) }

func (t Table) html() (template.HTML, error) { return execute("table", t) }

func (c Chart) html() (template.HTML, error) {
	svg, err := c.SVG()
	if err != nil {
		return "", err
	}
	return execute("chart", struct {
		Caption string
		SVG     template.HTML
	}{c.Caption, template.HTML(svg)}) // SVG escapes every text
}

func execute(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	err := templates.ExecuteTemplate(&out, name, data)
	return template.HTML(out.String()), err
}
