package engine

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel"
)

// scanner is an index.Scanner whose rows lie in kernel memory.
type scanner struct {
	kernels             kernel.Kernels
	rows, query, out    kernel.Ptr
	capacity            int // of rows
	count, dims, padded int // padded: dims as DotI8 asks for
	bytes               []byte
}

// set copies the vectors. Memory is taken once, for as many rows as there are
// passages, because kernel memory cannot be given back.
func (s *scanner) set(k kernel.Kernels, v *index.Vectors, passages int) error {
	if s.rows == 0 {
		padded := (v.Dims() + 15) &^ 15
		pointers := [...]*kernel.Ptr{&s.rows, &s.query, &s.out}
		for i, size := range [...]int{passages * padded, padded, 4 * passages} {
			p, err := k.Alloc(size)
			if err != nil {
				s.rows = 0
				return err
			}
			*pointers[i] = p
		}
		s.kernels, s.capacity, s.dims, s.padded = k, passages, v.Dims(), padded
	}
	if v.Dims() != s.dims || v.Len() > s.capacity {
		return errors.New("engine: newer vectors have other dimensions or more rows: open a new engine")
	}
	s.count = v.Len()
	rows := bytesOf(v.Rows())
	if s.padded == s.dims {
		k.Write(s.rows, rows)
		return nil
	}
	for i := range s.count {
		k.Write(s.rows.Add(i*s.padded), rows[i*s.dims:(i+1)*s.dims])
	}
	return nil
}

// Scan implements index.Scanner.
func (s *scanner) Scan(query []int8, out []int32) error {
	if len(query) != s.dims || len(out) != s.count {
		return errors.New("engine: query or output do not fit the vectors")
	}
	s.kernels.Write(s.query, bytesOf(query))
	s.kernels.DotI8(s.out, s.query, s.rows, s.count, s.padded)
	if need := 4 * s.count; cap(s.bytes) < need {
		s.bytes = make([]byte, need)
	}
	raw := s.bytes[:4*s.count]
	s.kernels.Read(raw, s.out)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

func bytesOf(x []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
