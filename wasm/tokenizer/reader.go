package tokenizer

import "errors"

// reader takes the compact form apart. After the first error, which it keeps,
// everything reads as zero or empty.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(field, what string) {
	if r.err == nil {
		r.err = errors.New("tokenizer: " + field + " " + what + ": the file is damaged")
	}
	r.rest = nil
}

// bytes returns the next n bytes, without copying.
func (r *reader) bytes(field string, n int) []byte {
	if n > len(r.rest) {
		r.fail(field, "is cut short")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte(field string) byte {
	if b := r.bytes(field, 1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number of at most limit.
func (r *reader) number(field string, limit int) int {
	v, n := uvarint(string(r.rest[:min(5, len(r.rest))]))
	if n == 0 {
		r.fail(field, "is not a number")
		return 0
	}
	if int64(v) > int64(limit) { // limit may be negative: nothing is allowed
		r.fail(field, "is too large")
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

// literals reads the tokens that are spelled out, of n tokens.
func (r *reader) literals(n int) []literal {
	// A literal takes three bytes or more.
	count := r.number("literals", min(n, len(r.rest)/3))
	list := make([]literal, 0, count)
	next := 0
	for range count {
		id := next + r.number("literals", n-1-next)
		text := r.bytes("literals", r.number("literals", maxTokenLength))
		if len(text) == 0 {
			r.fail("literals", "has an empty token")
		}
		if r.err != nil {
			return nil
		}
		list = append(list, literal{uint32(id), text})
		next = id + 1
	}
	return list
}

// merges reads the merges of n tokens.
func (r *reader) merges(n int) []merge {
	width := planes(n)
	count := r.number("merges", len(r.rest)/(2*width))
	list := make([]merge, count)
	for i := 0; i < count; {
		first := r.number("runs", n-1)
		run := r.number("runs", min(n-first, count-i))
		if run == 0 {
			r.fail("runs", "has an empty run")
			return nil
		}
		for j := range run {
			list[i+j].result = uint32(first + j)
		}
		i += run
	}
	for plane := range width {
		for i, b := range r.bytes("planes", count) {
			list[i].left |= uint32(b) << (8 * plane)
		}
	}
	for plane := range width {
		for i, b := range r.bytes("planes", count) {
			list[i].right |= uint32(b) << (8 * plane)
		}
	}
	for _, m := range list {
		if m.left >= uint32(n) || m.right >= uint32(n) {
			r.fail("planes", "name a token that does not exist")
			return nil
		}
	}
	return list
}

// added reads which of n tokens are added ones.
func (r *reader) added(n int) []addedToken {
	count := r.number("added", min(n, len(r.rest)))
	list := make([]addedToken, 0, count)
	next := 0
	for range count {
		if next == n {
			r.fail("added", "is too long")
			return nil
		}
		v := r.number("added", 2*(n-next)-1)
		if r.err != nil {
			return nil
		}
		id := next + v>>1
		list = append(list, addedToken{int32(id), v&1 != 0})
		next = id + 1
	}
	return list
}

// uvarint decodes an unsigned LEB128 number of at most 5 bytes and below 2^32
// at the start of s; n is 0 if there is none.
func uvarint(s string) (v uint32, n int) {
	var wide uint64
	for n < len(s) && n < 5 {
		c := s[n]
		wide |= uint64(c&0x7F) << (7 * n)
		n++
		if c < 0x80 {
			if wide > 0xFFFFFFFF || c == 0 && n > 1 {
				return 0, 0
			}
			return uint32(wide), n
		}
	}
	return 0, 0
}

// appendUvarint is the inverse of uvarint. (encoding/binary would bring
// reflection into the browser's program.)
func appendUvarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}
