package corpus

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// split divides blocks of text into pieces of at most maxWords words; a last
// piece of less than a quarter of that is left with the piece before. Blocks
// stay whole where they fit; longer ones are divided at line ends, then at
// sentence ends, then between words. The text is only divided, never changed
// but for the white space at the cuts.
func split(blocks []string, maxWords int) []string {
	var pieces, current []string
	words := 0
	flush := func() {
		if len(current) > 0 {
			pieces = append(pieces, strings.Join(current, "\n"))
		}
		current, words = nil, 0
	}
	for _, block := range blocks {
		for _, part := range divide(block, maxWords) {
			n := countWords(part)
			if words > 0 && words+n > maxWords {
				flush()
			}
			current = append(current, part)
			words += n
		}
	}
	flush()
	if n := len(pieces); n > 1 && countWords(pieces[n-1]) < maxWords/4 {
		pieces[n-2] += "\n" + pieces[n-1]
		pieces = pieces[:n-1]
	}
	return pieces
}

// divide returns block in parts of at most maxWords words each, as few as a
// greedy choice gives.
func divide(block string, maxWords int) []string {
	block = strings.Trim(block, "\n")
	if countWords(block) <= maxWords {
		if strings.TrimSpace(block) == "" {
			return nil
		}
		return []string{block}
	}
	if lines := strings.SplitAfter(block, "\n"); len(lines) > 1 {
		return pack(lines, maxWords)
	}
	if sentences := splitSentences(block); len(sentences) > 1 {
		return pack(sentences, maxWords)
	}
	return pack(splitWords(block), maxWords)
}

// pack joins consecutive units while they fit into maxWords. A unit that is
// too long by itself is divided.
func pack(units []string, maxWords int) []string {
	var parts []string
	current, words := "", 0
	flush := func() {
		if part := strings.TrimRight(current, " \n"); strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
		current, words = "", 0
	}
	for _, unit := range units {
		n := countWords(unit)
		if n > maxWords {
			flush()
			parts = append(parts, divide(unit, maxWords)...)
			continue
		}
		if words+n > maxWords {
			flush()
		}
		current += unit
		words += n
	}
	flush()
	return parts
}

// splitSentences cuts after ". ", "? ", "! " and ": " that an upper-case
// letter or a bracket follows.
func splitSentences(text string) []string {
	var sentences []string
	start := 0
	for i := 1; i+1 < len(text); i++ {
		if text[i] != ' ' || !strings.ContainsRune(".?!:", rune(text[i-1])) {
			continue
		}
		if next := text[i+1]; next >= 'A' && next <= 'Z' || next == '(' || next == '[' {
			sentences = append(sentences, text[start:i+1])
			start = i + 1
		}
	}
	return append(sentences, text[start:])
}

// splitWords cuts after every white space, so that no part has two words.
func splitWords(text string) []string {
	var words []string
	start := 0
	for i, r := range text {
		if unicode.IsSpace(r) {
			end := i + utf8.RuneLen(r)
			words = append(words, text[start:end])
			start = end
		}
	}
	return append(words, text[start:])
}

func countWords(text string) int { return len(strings.Fields(text)) }
