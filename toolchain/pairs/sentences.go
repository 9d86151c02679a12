package pairs

import "strings"

// Sentences returns where the sentences of a text begin, the first at 0: after
// ". ", "? ", "! " or a line end. It is a rough cut for making shorter training
// texts of long ones, not for reading.
func Sentences(text string) []int {
	starts := []int{0}
	for i := 1; i+1 < len(text); i++ {
		end := text[i] == '\n' || text[i] == ' ' && strings.IndexByte(".?!", text[i-1]) >= 0
		if end && i+1-starts[len(starts)-1] >= minSentence {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// minSentence keeps abbreviations and bullets from being sentences of their own.
const minSentence = 24 // bytes

// Piece returns up to three neighbouring sentences of a text; draw(n) picks a
// number below n.
func Piece(text string, draw func(n int) int) string {
	starts := Sentences(text)
	first := draw(len(starts))
	last := first + 1 + draw(3)
	end := len(text)
	if last < len(starts) {
		end = starts[last]
	}
	if piece := strings.TrimSpace(text[starts[first]:end]); piece != "" {
		return piece
	}
	return text
}
