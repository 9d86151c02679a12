package index

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold lower-cases a word, removes the diacritics of Latin letters (composed
// or combining) and writes every apostrophe as '.
func fold(word string) string {
	plain := true
	for i := 0; i < len(word); i++ {
		if c := word[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return word
	}
	var out strings.Builder
	out.Grow(len(word))
	for _, r := range word {
		switch {
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			out.WriteByte(byte(r))
		case r == '’':
			out.WriteByte('\'')
		case 0x300 <= r && r <= 0x36F: // combining diacritical marks
		case r == 'ß' || r == 'ẞ':
			out.WriteString("ss")
		case r == 'æ' || r == 'Æ':
			out.WriteString("ae")
		case r == 'œ' || r == 'Œ':
			out.WriteString("oe")
		default:
			out.WriteRune(baseLetter(unicode.ToLower(r)))
		}
	}
	return out.String()
}

// baseLetter maps the lower-case letters of Latin-1 and Latin Extended-A to
// the ASCII letter that they are a variant of, and others to themselves.
func baseLetter(r rune) rune {
	const first, last = 0xDF, 0x17E
	// One byte per code point from first to last; '-' keeps the letter.
	const table = "-aaaaaa-ceeeeiiii-nooooo-ouuuuy-y" +
		"-a-a-a-c-c-c-c-d-d-e-e-e-e-e-g-g-g-g-h-h-i-i-i-i-i---j-k-" +
		"-l-l-l---l-n-n-n----o-o-o---r-r-r-s-s-s-s-t-t-t-u-u-u-u-u-u-w-y--z-z-z"
	if r < first || r > last || table[r-first] == '-' {
		return r
	}
	return rune(table[r-first])
}
