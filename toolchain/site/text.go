package site

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// inline puts a paragraph together from the texts of its elements: white space of
// any length is one space, at the ends there is none.
type inline struct {
	text  strings.Builder
	space bool // before the next character
	begun bool // there is something on the line
}

func (in *inline) add(text string) {
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			in.space = true
		case invisible(r):
		default:
			if in.space && in.begun {
				in.text.WriteByte(' ')
			}
			in.space, in.begun = false, true
			in.text.WriteRune(r)
		}
	}
}

// lineBreak is what <br> makes.
func (in *inline) lineBreak() {
	if in.text.Len() > 0 {
		in.text.WriteByte('\n')
	}
	in.space, in.begun = false, false
}

// take returns the paragraph and begins the next.
func (in *inline) take() string {
	text := strings.TrimSpace(in.text.String())
	in.text.Reset()
	in.space, in.begun = false, false
	return norm.NFC.String(text)
}

// invisible characters only divide words that a reader sees whole: soft hyphens,
// places to break, byte order marks, controls. Joiners stay: scripts and emoji
// need them.
func invisible(r rune) bool {
	switch r {
	case '\u00ad', '\u200b', '\u2060', '\ufeff', '\u200e', '\u200f':
		return true
	}
	return unicode.IsControl(r)
}

// collapse returns text as one line.
func collapse(text string) string {
	var in inline
	in.add(text)
	return in.take()
}

// verbatim returns text as it stands, without what is invisible, trailing blanks
// and empty lines at the ends, and without the indentation common to all lines.
func verbatim(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && invisible(r) {
			return -1
		}
		return r
	}, text)
	lines := strings.Split(text, "\n")
	common := -1
	for i, line := range lines {
		lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
		indent := len(lines[i]) - len(strings.TrimLeft(lines[i], " \t"))
		if lines[i] != "" && (common < 0 || indent < common) {
			common = indent
		}
	}
	for i, line := range lines {
		lines[i] = line[min(len(line), max(common, 0)):]
	}
	return norm.NFC.String(strings.Trim(strings.Join(lines, "\n"), "\n"))
}

// hasWord says whether there is a letter or digit.
func hasWord(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
