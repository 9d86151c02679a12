package tokenizer

import "strings"

// Decode returns the bytes that ids stand for, added tokens as their text. An id
// that does not exist is an error.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	size := 0
	for i, id := range ids {
		if id < 0 || int(id) >= t.Len() {
			return "", fail("ids", i, "is no token of this vocabulary")
		}
		size += len(t.token(id))
	}
	var b strings.Builder
	b.Grow(size)
	for _, id := range ids {
		b.WriteString(t.token(id))
	}
	return b.String(), nil
}
