package tokenizer

import "unicode/utf8"

// Vocabulary files write the bytes of a token in an alphabet of 256 printable
// characters that GPT-2 introduced: a byte that is a printable Latin-1 character
// stands for itself, the other 68, in ascending order, are the characters from
// U+0100 on. Thus " the" is written "Ġthe".

// alphabetRune maps a byte to its character, alphabetByte back (-1: no byte).
var alphabetRune, alphabetByte = makeAlphabet()

const alphabetSize = 0x100 + 68

func makeAlphabet() (runes [256]rune, bytes [alphabetSize]int16) {
	for i := range bytes {
		bytes[i] = -1
	}
	next := rune(0x100)
	for b := range runes {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE) {
			r = next
			next++
		}
		runes[b] = r
		bytes[r] = int16(b)
	}
	return runes, bytes
}

// appendAlphabet appends the alphabet form of text to dst.
func appendAlphabet(dst []byte, text string) []byte {
	for i := range len(text) {
		dst = utf8.AppendRune(dst, alphabetRune[text[i]])
	}
	return dst
}

// fromAlphabet appends the bytes that token stands for; false if a character
// lies outside the alphabet.
func fromAlphabet(dst []byte, token string) ([]byte, bool) {
	for _, r := range token {
		if r >= alphabetSize || alphabetByte[r] < 0 {
			return dst, false
		}
		dst = append(dst, byte(alphabetByte[r]))
	}
	return dst, true
}

// sameInAlphabet reports whether text is its own alphabet form and every
// character of it one byte (printable ASCII without the space).
func sameInAlphabet(text string) bool {
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return false
		}
	}
	return true
}
