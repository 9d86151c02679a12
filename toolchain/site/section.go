package site

import (
	"strings"

	"github.com/effir/effir/toolchain/corpus"
	"github.com/effir/effir/wasm/site"
)

// section is what stands below one heading.
type section struct {
	heading string
	anchor  string
	level   int // 1 to 6 as h1 to h6, more for terms of definition lists, 0 before any heading
	blocks  []string
}

const (
	// maxTitleBytes and maxHeadingBytes bound what every passage repeats.
	maxTitleBytes   = 240
	maxHeadingBytes = 160
	maxAnchorBytes  = 512
)

// passages divides sections into passages. A heading without text of its own is
// a passage of the headings below it, so that it can be found. The page's title
// needs none: every passage of the page repeats it.
func passages(title string, sections []*section, budget Budget) []site.Passage {
	var list []site.Passage
	for i, s := range sections {
		heading, blocks := clip(s.heading, maxHeadingBytes), s.blocks
		if heading != s.heading {
			blocks = append([]string{s.heading}, blocks...)
		}
		if s.heading == title {
			heading = ""
		}
		anchor := s.anchor
		if len(anchor) > maxAnchorBytes {
			anchor = ""
		}
		pieces := split(blocks, title+"\n"+heading, budget)
		if len(pieces) == 0 && heading != "" {
			pieces = split(below(sections[i:]), title+"\n"+heading, budget)
			if len(pieces) == 0 {
				pieces = []string{""}
			}
			pieces = pieces[:1]
		}
		for _, piece := range pieces {
			list = append(list, site.Passage{Heading: heading, Anchor: anchor, Text: piece})
		}
	}
	return list
}

// split divides blocks into pieces that fit below a title and heading. The
// splitter may leave a quarter more in the last piece. Each block counts with the
// line end that joins it to the next.
func split(blocks []string, above string, budget Budget) []string {
	size := func(text string) int { return budget.size(text + "\n") }
	return corpus.Splitter{Max: budget.rest(above) * 4 / 5, Size: size}.Split(blocks)
}

// below returns the headings directly under the first of sections.
func below(sections []*section) []string {
	var headings []string
	level := 1 << 30
	for _, s := range sections[1:] {
		if s.level <= sections[0].level {
			break
		}
		if s.level <= level {
			level = s.level
			headings = append(headings, s.heading)
		}
	}
	return headings
}

// hasText says whether any section has a text of its own.
func hasText(sections []*section) bool {
	for _, s := range sections {
		for _, block := range s.blocks {
			if strings.TrimSpace(block) != "" {
				return true
			}
		}
	}
	return false
}
