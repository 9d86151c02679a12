package index

import (
	"strings"
	"unicode/utf8"
)

// Highlight returns the byte ranges of text, ascending and disjoint, that
// match a term of the query or begin with its last word. A range is a word or
// the part of it that matches.
func Highlight(text, query string) [][2]int {
	wanted := make(map[string]bool)
	for _, term := range QueryTerms(query) {
		wanted[term.Text] = true
	}
	prefix := LastDivision(LastWord(query))
	if utf8.RuneCountInString(prefix) < MinPrefixRunes {
		prefix = ""
	}
	var ranges [][2]int
	add := func(start, end int) {
		// Spans come by word, wider ones first, so only the last can overlap.
		if n := len(ranges); n > 0 && start < ranges[n-1][1] {
			ranges[n-1][1] = max(ranges[n-1][1], end)
			return
		}
		ranges = append(ranges, [2]int{start, end})
	}
	analyze(text, func(term string, start, end int) {
		word := text[start:end]
		// The prefix completes one division of a word, as in SearchTyping.
		begins := prefix != "" && !strings.ContainsAny(word, "._") && strings.HasPrefix(fold(word), prefix)
		if wanted[term] || begins {
			add(start, end)
		}
	})
	return ranges
}
