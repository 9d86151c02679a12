package tokenizer

import "unicode/utf8"

// The reference library's classes of characters, as the patterns use them. They
// are kept in a table of our own (zclasses.go), because Go's unicode package
// follows another Unicode version, which moves with the Go release.
const (
	classOther  = iota // neither of those below, \p{L}, \p{N} nor \s
	classLetter        // \p{L}
	classNumber        // \p{N}
	classSpace         // \s
	// classDigitOnly is numeric for the Digits pre-tokenizer, but not yet \p{N}
	// for the regular expressions: 13 digits that Unicode 17 added.
	//lint:ignore U1000 it occurs in the generated table only
	classDigitOnly
)

var classTable = makeClassTable()

func makeClassTable() (table [classLimit]uint8) {
	for at, i := 0, 0; i < len(classRuns); {
		run, n := uvarint(classRuns[i:])
		i += n
		for end := at + int(run>>3); at < end; at++ {
			table[at] = uint8(run & 7)
		}
	}
	return table
}

// classAt returns the class of the character at s[i:] and its length in bytes.
// A byte that is not part of valid UTF-8 is classOther, length 1.
func classAt(s string, i int) (class uint8, size int) {
	if c := s[i]; c < utf8.RuneSelf {
		return classTable[c], 1
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	if r < classLimit {
		return classTable[r], size
	}
	return classOther, size
}
