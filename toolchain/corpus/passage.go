package corpus

import "strings"

// Passage is one piece of text that a search can return.
type Passage struct {
	ID      string // unique and stable: "net/http#Client.Do", "net/http#Client.Do~2" for its second piece
	Title   string // what the piece is about: "http.Client.Do"
	Text    string // what it says, in plain text
	URL     string // where a reader finds it
	Section string // the package, heading or page that it belongs to
}

// EmbedText returns what is embedded for p: its title, a line break, and the
// first maxWords words of its text (all if maxWords is 0).
func (p Passage) EmbedText(maxWords int) string {
	text := p.Text
	if maxWords > 0 {
		text = firstWords(text, maxWords)
	}
	return strings.TrimSpace(p.Title + "\n" + text)
}

// firstWords returns text up to the end of its n-th word.
func firstWords(text string, n int) string {
	inWord := false
	for i, r := range text {
		space := r == ' ' || r == '\n' || r == '\t' || r == '\r'
		if space && inWord {
			if n--; n == 0 {
				return text[:i]
			}
		}
		inWord = !space
	}
	return text
}
