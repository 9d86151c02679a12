// Package scan searches an index's vectors with the kernels: through all rows, or
// in two stages, through one bit a number first.
package scan

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel"
)

// Scanner is an index.Scanner whose rows lie in kernel memory. It is not safe for
// concurrent use, and no other operation of its kernels may run beside it where
// these have one memory for all, as in WebAssembly.
type Scanner struct {
	kernels          kernel.Kernels
	rows, query, out kernel.Ptr
	capacity, count  int // of rows
	dims, padded     int // padded: dims as DotI8 asks for
	bytes            []byte
}

// New takes kernel memory for up to capacity rows of dims numbers. It cannot be
// given back: one Scanner serves an index that grows.
func New(k kernel.Kernels, dims, capacity int) (*Scanner, error) {
	if dims < 1 || dims > index.MaxDims || capacity < 0 {
		return nil, errors.New("scan: dimensions or capacity are out of range")
	}
	s := &Scanner{kernels: k, capacity: capacity, dims: dims, padded: (dims + 15) &^ 15}
	pointers := [...]*kernel.Ptr{&s.rows, &s.query, &s.out}
	for i, size := range [...]int{capacity * s.padded, s.padded, 4 * capacity} {
		p, err := k.Alloc(size)
		if err != nil {
			return nil, err
		}
		*pointers[i] = p
	}
	return s, nil
}

// Set copies the rows of v, which replace those of an earlier Set.
func (s *Scanner) Set(v *index.Vectors) error {
	if v.Dims() != s.dims || v.Len() > s.capacity {
		return errors.New("scan: the vectors have other dimensions or more rows than the scanner has room for: make a new one")
	}
	s.count = v.Len()
	rows := bytesOf(v.Rows())
	if s.padded == s.dims {
		s.kernels.Write(s.rows, rows)
		return nil
	}
	for i := range s.count {
		s.kernels.Write(s.rows.Add(i*s.padded), rows[i*s.dims:(i+1)*s.dims])
	}
	return nil
}

// Scan implements index.Scanner.
func (s *Scanner) Scan(query []int8, out []int32) error {
	if len(query) != s.dims || len(out) != s.count {
		return errors.New("scan: query or output do not fit the vectors")
	}
	s.kernels.Write(s.query, bytesOf(query))
	s.kernels.DotI8(s.out, s.query, s.rows, s.count, s.padded)
	s.read(out)
	return nil
}

// read copies the first numbers of s.out.
func (s *Scanner) read(out []int32) {
	if need := 4 * len(out); cap(s.bytes) < need {
		s.bytes = make([]byte, need)
	}
	raw := s.bytes[:4*len(out)]
	s.kernels.Read(raw, s.out)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
}

func bytesOf(x []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
