package tokenizer

import "strings"

// Decode returns the bytes that ids stand for, added tokens as their text. An id
// that does not exist is an error. WordPiece does not keep the white space of the
// text: Decode puts a space before each token that is not a ## one.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	size := 0
	for i, id := range ids {
		if id < 0 || int(id) >= t.Len() {
			return "", fail("ids", i, "is no token of this vocabulary")
		}
		size += len(t.token(id)) + 1
	}
	var b strings.Builder
	b.Grow(size)
	t.model.decode(&b, ids)
	return b.String(), nil
}
