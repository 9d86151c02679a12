package site

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"unicode/utf8"
)

const (
	nameBytes  = 16
	nameDigits = 2 * nameBytes
	// refBytes is the least that a File takes in binary form.
	refBytes = nameBytes + 2
)

// reader walks over bytes that nobody has checked yet. The first thing that is
// wrong is kept in err; after it, every method returns zeros and no length.
type reader struct {
	file string // what is read, for errors
	rest []byte
	err  error
}

// newReader checks the eight bytes that every file begins with.
func newReader(file, magic string, data []byte) *reader {
	r := &reader{file: file, rest: data}
	if string(r.take("header", len(magic))) != magic {
		r.fail("header", "is not that of such a file")
	}
	return r
}

func (r *reader) fail(field, problem string) {
	if r.err == nil {
		r.err = corrupt(r.file, field, problem)
	}
	r.rest = nil
}

// number reads an unsigned LEB128 number of at most 32 bits that is at most most.
func (r *reader) number(field string, most int) int {
	var value uint64
	for shift := 0; shift < 35; shift += 7 {
		if len(r.rest) == 0 {
			r.fail(field, "is truncated")
			return 0
		}
		c := r.rest[0]
		r.rest = r.rest[1:]
		value |= uint64(c&0x7F) << shift
		if c < 0x80 {
			if value > math.MaxUint32 || value > uint64(most) {
				r.fail(field, "is out of range")
				return 0
			}
			return int(value)
		}
	}
	r.fail(field, "is not a number of 32 bits")
	return 0
}

// count reads the length of a list whose items take at least each bytes: no more
// than the rest of the file can hold.
func (r *reader) count(field string, each, most int) int {
	n := r.number(field, most)
	if n > len(r.rest)/each {
		r.fail(field, "are more than the file holds")
		return 0
	}
	return n
}

// take returns the next n bytes, in place.
func (r *reader) take(field string, n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail(field, "is truncated")
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// text reads a string.
func (r *reader) text(field string) string {
	text := r.take(field, r.number(field, maxText))
	if !utf8.Valid(text) {
		r.fail(field, "is not UTF-8")
		return ""
	}
	return string(text)
}

// ref reads the name and the sizes of a file whose raw size is at most mostRaw.
func (r *reader) ref(field string, mostRaw int) File {
	name := r.take(field, nameBytes)
	f := File{Name: hex.EncodeToString(name), Bytes: int64(r.number(field, maxRaw)), Raw: int64(r.number(field, mostRaw))}
	if r.err == nil && !f.valid() {
		r.fail(field, "is not a file name and two sizes")
	}
	return f
}

// scale reads a float32 that quantising can give.
func (r *reader) scale(field string) float32 {
	bits := r.take(field, 4)
	if bits == nil {
		return 0
	}
	scale := math.Float32frombits(binary.LittleEndian.Uint32(bits))
	if !(scale >= 0 && scale <= maxScale) {
		r.fail(field, "is not finite and positive")
		return 0
	}
	return scale
}

// maxScale is beyond any scale of embeddings, which have length 1.
const maxScale = 1e9

// end reports the first problem, or bytes left over.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail("end", "comes too late: there are bytes left over")
	}
	return r.err
}

func appendNumber(out []byte, n int) []byte { return binary.AppendUvarint(out, uint64(n)) }

func appendText(out []byte, text string) []byte {
	return append(appendNumber(out, len(text)), text...)
}

func appendRef(out []byte, f File) []byte {
	name, err := hex.DecodeString(f.Name)
	if err != nil || len(name) != nameBytes {
		panic("site: file name " + f.Name + " was not made by this package")
	}
	return appendNumber(appendNumber(append(out, name...), int(f.Bytes)), int(f.Raw))
}

func appendFloat(out []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
}

// corrupt says what is wrong with which part of a bundle and what to do.
func corrupt(file, field, problem string) error {
	return errors.New(file + ": " + field + " " + problem + ": build the search bundle again")
}
