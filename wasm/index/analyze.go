package index

import (
	"unicode"
	"unicode/utf8"
)

// maxWordRunes cuts words of pathological length (base64, minified code): the
// rest of such a run starts a new word.
const maxWordRunes = 64

// analyze calls emit for every index term of text, in text order, with the
// byte span of the text that the term stands for.
//
// A word is a run of letters, digits and marks; one '.', '_' or apostrophe
// between two such characters belongs to it, as in Unicode's word boundaries
// (UAX #29: MidNumLet, ExtendNumLet), so "http.Request" and "3.5" are words.
// Scripts written without spaces (Han, Hiragana, Katakana) give one word per
// character. A word yields
//   - itself unstemmed, when '.' or '_' divides it: "http.request";
//   - each of its divisions, stemmed, unless it is a stop word: "http", "request";
//   - the parts of each division that is a mixed-case identifier, likewise:
//     "WithCancel" gives "withcancel" and "cancel".
//
// Words are lower-cased and Latin diacritics are removed.
func analyze(text string, emit func(term string, start, end int)) {
	for start, end := nextWord(text, 0); start < end; start, end = nextWord(text, end) {
		wordTerms(text[start:end], func(term string, from, to int) {
			emit(term, start+from, start+to)
		})
	}
}

// nextWord returns the byte span of the first word at or after from; an empty
// span says that there is none.
func nextWord(text string, from int) (start, end int) {
	pos := from
	for pos < len(text) {
		r, size := utf8.DecodeRuneInString(text[pos:])
		if isWordStart(r) {
			if isOneRuneWord(r) {
				return pos, pos + size
			}
			return pos, wordEnd(text, pos+size)
		}
		pos += size
	}
	return len(text), len(text)
}

// wordEnd returns where the word ends whose first character ends at pos.
func wordEnd(text string, pos int) int {
	for runes := 1; pos < len(text) && runes < maxWordRunes; runes++ {
		r, size := utf8.DecodeRuneInString(text[pos:])
		switch {
		case isJoiner(r):
			next, _ := utf8.DecodeRuneInString(text[pos+size:])
			if !isWordStart(next) || isOneRuneWord(next) {
				return pos
			}
		case isOneRuneWord(r) || !isWordStart(r) && !unicode.IsMark(r):
			return pos
		}
		pos += size
	}
	return pos
}

// wordTerms calls emit for the terms of one word, with spans inside the word.
func wordTerms(word string, emit func(term string, start, end int)) {
	from := 0
	for i := 0; i <= len(word); i++ {
		if i < len(word) && word[i] != '.' && word[i] != '_' {
			continue
		}
		if from == 0 && i < len(word) {
			emit(fold(word), 0, len(word))
		}
		if i > from {
			divisionTerms(word[from:i], func(term string, a, b int) { emit(term, from+a, from+b) })
		}
		from = i + 1
	}
}

// divisionTerms emits a word that has no '.' or '_', then its identifier parts.
func divisionTerms(word string, emit func(term string, start, end int)) {
	emitStem := func(start, end int) {
		folded := fold(word[start:end])
		if folded != "" && !isStopWord(folded) {
			emit(stem(folded), start, end)
		}
	}
	emitStem(0, len(word))
	from := 0
	for from < len(word) {
		to := partEnd(word, from)
		if to-from < len(word) && utf8.RuneCountInString(word[from:to]) >= 2 {
			emitStem(from, to)
		}
		from = to
	}
}

// partEnd returns where the identifier part that starts at from ends: before
// an upper-case letter that follows a lower-case letter or a digit, and before
// the last upper-case letter of a run that a lower-case letter follows
// ("HTTPServer" is "HTTP", "Server"). A plural s stays: "URLs" is one part.
func partEnd(word string, from int) int {
	var before, last rune // the two characters before r
	lastAt := from
	for i, r := range word[from:] {
		i += from
		switch {
		case unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)):
			return i
		case unicode.IsLower(r) && unicode.IsUpper(last) && unicode.IsUpper(before) && !isPlural(word[i:]):
			return lastAt
		}
		before, last, lastAt = last, r, i
	}
	return len(word)
}

// isPlural says that rest is an s at the end of a part.
func isPlural(rest string) bool {
	if rest[0] != 's' {
		return false
	}
	next, _ := utf8.DecodeRuneInString(rest[1:])
	return !unicode.IsLower(next)
}

func isJoiner(r rune) bool { return r == '.' || r == '_' || r == '\'' || r == '’' }

func isWordStart(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func isOneRuneWord(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}
