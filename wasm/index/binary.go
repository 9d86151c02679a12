package index

import "errors"

// reader walks over bytes that nobody has checked yet. Its methods report
// false instead of reading past the end.
type reader struct {
	bytes []byte
	pos   int
}

// uvarint reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) uvarint() (value uint32, ok bool) {
	for shift := 0; shift < 35; shift += 7 {
		if r.pos >= len(r.bytes) {
			return 0, false
		}
		c := r.bytes[r.pos]
		r.pos++
		if shift == 28 && c > 0x0F {
			return 0, false
		}
		value |= uint32(c&0x7F) << shift
		if c < 0x80 {
			return value, true
		}
	}
	return 0, false
}

// take returns the next n bytes.
func (r *reader) take(n uint32) (taken []byte, ok bool) {
	if uint64(n) > uint64(len(r.bytes)-r.pos) {
		return nil, false
	}
	taken = r.bytes[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return taken, true
}

func (r *reader) done() bool { return r.pos == len(r.bytes) }

// corrupt says what is wrong with which part of a bundle and what to do.
func corrupt(part, field, problem string) error {
	return errors.New(part + ": " + field + " " + problem + ": build the search bundle again")
}
