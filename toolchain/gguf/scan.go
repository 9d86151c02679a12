package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Bounds that no real file comes near. Together with the size of the file they bound what a hostile
// one can make us allocate.
const (
	maxPairs   = 1 << 16
	maxTensors = 1 << 16
	maxKey     = 1 << 16 // bytes; the specification's own limit
	maxName    = 1 << 10 // bytes of a tensor name; ggml's own limit is 64
	maxString  = 1 << 24 // bytes
	maxArray   = 1 << 22 // elements; vocabularies have up to 2^18
	maxDims    = 4       // as in ggml
	maxPayload = 256 << 20
)

// scanner reads the file's header front to back. The first problem sticks in err; reads after that
// return zeros.
type scanner struct {
	file     string
	reader   *bufio.Reader
	size     int64 // of the file
	position int64
	payload  int64 // bytes of strings and arrays read so far
	err      error
	scratch  [8]byte
}

func newBuffer(data io.ReaderAt, size int64) *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(data, 0, size), int(min(size, 1<<16)))
}

// fail notes the first problem.
func (s *scanner) fail(field, problem string) {
	if s.err == nil {
		s.err = &checkpoint.InputError{
			File: s.file, Field: field, Problem: problem,
			Remedy: "the file is damaged, incomplete or not a GGUF file: download it again",
		}
	}
}

// left is the number of bytes not read yet.
func (s *scanner) left() int64 { return s.size - s.position }

func (s *scanner) read(field string, dst []byte) bool {
	if s.err != nil {
		return false
	}
	if int64(len(dst)) > s.left() {
		s.fail(field, fmt.Sprintf("the file ends at byte %d, in the middle of it", s.size))
		return false
	}
	if _, err := io.ReadFull(s.reader, dst); err != nil {
		s.fail(field, fmt.Sprintf("cannot be read at byte %d: %v", s.position, err))
		return false
	}
	s.position += int64(len(dst))
	return true
}

// uint reads a little-endian unsigned integer of the given number of bytes, at most 8.
func (s *scanner) uint(field string, bytes int) uint64 {
	s.scratch = [8]byte{}
	if !s.read(field, s.scratch[:bytes]) {
		return 0
	}
	return binary.LittleEndian.Uint64(s.scratch[:])
}

// text reads a string of at most limit bytes.
func (s *scanner) text(field string, limit int64) string {
	n := s.uint(field, 8)
	if s.err != nil {
		return ""
	}
	if n > uint64(min(limit, s.left())) {
		s.fail(field, fmt.Sprintf("a string claims %d bytes, but the file has %d left and at most %d are allowed", n, s.left(), limit))
		return ""
	}
	if s.payload += int64(n); s.payload > maxPayload {
		s.fail(field, fmt.Sprintf("the header has more than %d bytes of metadata", maxPayload))
		return ""
	}
	data := make([]byte, n)
	if !s.read(field, data) {
		return ""
	}
	return string(data)
}

// name reads a key or tensor name, which must be printable in an error.
func (s *scanner) name(field string, limit int64) string {
	name := s.text(field, limit)
	if s.err == nil && (name == "" || !utf8.ValidString(name)) {
		s.fail(field, fmt.Sprintf("its name %.40q is empty or not UTF-8", name))
	}
	return name
}

// count reads a number of things of which each needs at least the given bytes.
func (s *scanner) count(field string, limit, bytesEach int64) int {
	n := s.uint(field, 8)
	if s.err != nil {
		return 0
	}
	if most := min(limit, s.left()/bytesEach); n > uint64(most) {
		s.fail(field, fmt.Sprintf("claims %d entries, but at most %d fit", n, most))
		return 0
	}
	return int(n)
}

// preamble reads the fixed start of the file: magic, version and the numbers of tensors and of
// metadata pairs.
func (s *scanner) preamble() (tensors, pairs int) {
	const magic = 0x46554747 // "GGUF"
	if got := s.uint("magic", 4); s.err == nil && got != magic {
		s.fail("magic", fmt.Sprintf("is %#x, want \"GGUF\"", got))
	}
	version := s.uint("version", 4)
	switch {
	case s.err != nil:
	case version == 2 || version == 3:
	case version&0xffff == 0: // the bytes of a small number the other way round
		s.fail("version", "is big-endian; only little-endian files are supported")
	default:
		s.fail("version", fmt.Sprintf("is %d; versions 2 and 3 are supported", version))
	}
	const leastInfo = 8 + 1 + 4 + 8 + 4 + 8 // name, number of dimensions, one dimension, type, offset
	const leastPair = 8 + 1 + 4 + 1         // key, type, value
	tensors = s.count("tensor count", maxTensors, leastInfo)
	pairs = s.count("metadata count", maxPairs, leastPair)
	return tensors, pairs
}

// readInfo reads one entry of the tensor directory.
func (f *File) readInfo(s *scanner, index int) {
	field := fmt.Sprintf("tensor %d", index)
	name := s.name(field, maxName)
	if s.err != nil {
		return
	}
	field = name
	if _, twice := f.byName[name]; twice {
		s.fail(field, "the name occurs twice")
		return
	}
	dims := s.uint(field, 4)
	if s.err == nil && (dims < 1 || dims > maxDims) {
		s.fail(field, fmt.Sprintf("has %d dimensions, want 1 to %d", dims, maxDims))
	}
	if s.err != nil {
		return
	}
	shape := make([]int, dims)
	elements := int64(1)
	for i := range shape {
		d := s.uint(field, 8)
		// 2^40 elements are more than any file holds; staying below keeps the products exact.
		if s.err == nil && (d < 1 || d > 1<<31-1 || elements > 1<<40/int64(d)) {
			s.fail(field, fmt.Sprintf("dimension %d is out of range: %d", i, d))
		}
		if s.err != nil {
			return
		}
		elements *= int64(d)
		shape[len(shape)-1-i] = int(d)
	}
	kind := Type(s.uint(field, 4))
	offset := s.uint(field, 8)
	if s.err != nil {
		return
	}
	format, ok := formats[kind]
	if !ok {
		s.fail(field, fmt.Sprintf("has the number format %v, which is not supported", kind))
		s.err.(*checkpoint.InputError).Remedy = "use a file with one of " + supported()
		return
	}
	row := int64(shape[len(shape)-1])
	if row%int64(format.values) != 0 {
		s.fail(field, fmt.Sprintf("rows of %d values do not divide into %v blocks of %d", row, kind, format.values))
		return
	}
	if offset > uint64(s.size) {
		s.fail(field, fmt.Sprintf("offset %d is beyond the file's end at %d: it is cut short", offset, s.size))
		return
	}
	f.byName[name] = index
	f.tensors = append(f.tensors, Info{
		Name: name, Shape: shape, Type: kind,
		offset: int64(offset), size: elements / int64(format.values) * int64(format.bytes),
	})
}
