package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// span is a part of the file: the bytes from begin up to end.
type span struct{ begin, end int64 }

func (s span) size() int64 { return s.end - s.begin }

// The wire types of protocol buffers that ONNX uses.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// field is one field of a protocol buffers message.
type field struct {
	number int
	wire   int
	value  uint64 // of wireVarint, wireFixed32 and wireFixed64
	span   span   // content of wireBytes
}

// wireReader reads protocol buffers from a file through a window, so that the weights, which are
// most of the file, are stepped over without being read.
type wireReader struct {
	file   io.ReaderAt
	window [1 << 14]byte
	loaded span // the part of the file that the window holds
}

var errTruncated = errors.New("ends in the middle of a field")

// bytes reads n bytes at pos, n being at most the size of the window. The result is valid until the
// next call.
func (r *wireReader) bytes(pos int64, n int) ([]byte, error) {
	if pos < r.loaded.begin || pos+int64(n) > r.loaded.end {
		got, err := r.file.ReadAt(r.window[:], pos)
		if err != nil && err != io.EOF {
			return nil, err
		}
		r.loaded = span{pos, pos + int64(got)}
		if got < n {
			return nil, errTruncated
		}
	}
	return r.window[pos-r.loaded.begin:][:n], nil
}

// varint reads an integer of up to ten bytes and returns the position behind it.
func (r *wireReader) varint(pos, end int64) (uint64, int64, error) {
	n := int(min(end-pos, binary.MaxVarintLen64))
	if n <= 0 {
		return 0, 0, errTruncated
	}
	raw, err := r.bytes(pos, n)
	if err != nil {
		return 0, 0, err
	}
	value, length := binary.Uvarint(raw)
	if length <= 0 {
		return 0, 0, errors.New("has an integer that does not end")
	}
	return value, pos + int64(length), nil
}

// fields calls visit for every field of the message in s, in order.
func (r *wireReader) fields(s span, visit func(field) error) error {
	for pos := s.begin; pos < s.end; {
		key, next, err := r.varint(pos, s.end)
		if err != nil {
			return err
		}
		f := field{number: int(key >> 3 & (1<<29 - 1)), wire: int(key & 7)}
		if f.number == 0 {
			return errors.New("has a field with the number 0")
		}
		pos = next
		switch f.wire {
		case wireVarint:
			if f.value, pos, err = r.varint(pos, s.end); err != nil {
				return err
			}
		case wireFixed32, wireFixed64:
			n := 4
			if f.wire == wireFixed64 {
				n = 8
			}
			if s.end-pos < int64(n) {
				return errTruncated
			}
			raw, err := r.bytes(pos, n)
			if err != nil {
				return err
			}
			if n == 4 {
				f.value = uint64(binary.LittleEndian.Uint32(raw))
			} else {
				f.value = binary.LittleEndian.Uint64(raw)
			}
			pos += int64(n)
		case wireBytes:
			length, next, err := r.varint(pos, s.end)
			if err != nil {
				return err
			}
			if length > uint64(s.end-next) {
				return errTruncated
			}
			f.span = span{next, next + int64(length)}
			pos = f.span.end
		default:
			return fmt.Errorf("has a field of the unknown wire type %d", f.wire)
		}
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// text reads a short string.
func (r *wireReader) text(f field) (string, error) {
	if f.wire != wireBytes {
		return "", errWireType
	}
	if f.span.size() > maxName {
		return "", fmt.Errorf("has a name of %d bytes, at most %d are supported", f.span.size(), maxName)
	}
	raw, err := r.bytes(f.span.begin, int(f.span.size()))
	return string(raw), err
}

var errWireType = errors.New("has a field of the wrong type")
