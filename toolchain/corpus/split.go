package corpus

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Splitter divides texts into pieces of a bounded size.
type Splitter struct {
	// Max is the size of the largest piece. A last piece of less than a quarter of
	// it is left with the piece before, which may then be a quarter larger.
	Max int
	// Size measures a text, in words or tokens say. A text's size must not exceed
	// the sum of the sizes of its parts by more than the caller can bear.
	Size func(text string) int
}

// Split divides blocks of text. Blocks stay whole where they fit; longer ones
// are divided at line ends, then at sentence ends, then between words, then
// between characters. The text is only divided, never changed but for the white
// space at the cuts.
func (s Splitter) Split(blocks []string) []string {
	var pieces, current []string
	size := 0
	flush := func() {
		if len(current) > 0 {
			pieces = append(pieces, strings.Join(current, "\n"))
		}
		current, size = nil, 0
	}
	for _, block := range blocks {
		for _, part := range s.divide(strings.Trim(block, "\n")) {
			n := s.Size(part)
			if size > 0 && size+n > s.Max {
				flush()
			}
			current = append(current, part)
			size += n
		}
	}
	flush()
	if n := len(pieces); n > 1 && s.Size(pieces[n-1]) < s.Max/4 {
		pieces[n-2] += "\n" + pieces[n-1]
		pieces = pieces[:n-1]
	}
	return pieces
}

// split divides blocks into pieces of at most maxWords words.
func split(blocks []string, maxWords int) []string {
	return Splitter{Max: maxWords, Size: countWords}.Split(blocks)
}

// divide returns block in parts of at most the largest size each, as few as a
// greedy choice gives.
func (s Splitter) divide(block string) []string {
	if strings.TrimSpace(block) == "" {
		return nil
	}
	if s.Size(block) <= s.Max {
		return []string{block}
	}
	for _, cut := range []func(string) []string{splitLines, splitSentences, splitWords, splitHalves} {
		if units := cut(block); len(units) > 1 {
			return s.pack(units)
		}
	}
	return []string{block} // one character
}

// pack joins consecutive units while they fit. A unit that is too long by itself
// is divided.
func (s Splitter) pack(units []string) []string {
	var parts []string
	current, size := "", 0
	flush := func() {
		if part := strings.TrimRight(current, " \n"); strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
		current, size = "", 0
	}
	for _, unit := range units {
		n := s.Size(unit)
		if n > s.Max {
			flush()
			parts = append(parts, s.divide(strings.Trim(unit, "\n"))...)
			continue
		}
		if size+n > s.Max {
			flush()
		}
		current += unit
		size += n
	}
	flush()
	return parts
}

func splitLines(text string) []string { return strings.SplitAfter(text, "\n") }

// sentenceEnds of scripts that put no space between sentences.
const wideSentenceEnds = "。！？｡"

// splitSentences cuts after ". ", "? ", "! " and ": " that an upper-case letter,
// one of a script without case, or a bracket follows, and after the full stops of
// Chinese and Japanese.
func splitSentences(text string) []string {
	var sentences []string
	start := 0
	var before, last rune
	for i, r := range text {
		if strings.ContainsRune(wideSentenceEnds, last) && !strings.ContainsRune(wideSentenceEnds+"」』）\"”’", r) ||
			last == ' ' && strings.ContainsRune(".?!:؟।", before) && (unicode.IsUpper(r) || unicode.Is(unicode.Lo, r) || r == '(' || r == '[') {
			sentences = append(sentences, text[start:i])
			start = i
		}
		before, last = last, r
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
	if start == len(text) {
		return words
	}
	return append(words, text[start:])
}

// splitHalves cuts one long word, such as encoded data, in the middle.
func splitHalves(text string) []string {
	middle := len(text) / 2
	for middle > 0 && !utf8.RuneStart(text[middle]) {
		middle--
	}
	if middle == 0 {
		return []string{text}
	}
	return []string{text[:middle], text[middle:]}
}

func countWords(text string) int { return len(strings.Fields(text)) }
