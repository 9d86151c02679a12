// Package scan searches an index's vectors with the kernels: through all rows, or
// in two stages, through one bit a number first.
package scan

import (
	"encoding/binary"
	"errors"
	"math"
	"unsafe"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel"
)

// Scanner is an index.Scanner whose rows lie in kernel memory. It is not safe for
// concurrent use, and no other operation of its kernels may run beside it where
// these have one memory for all, as in WebAssembly.
type Scanner struct {
	kernels         kernel.Kernels
	rows, scales    kernel.Ptr
	query           kernel.Ptr
	scores          kernel.Ptr // of all rows
	found           kernel.Ptr // in a block
	capacity, count int        // of rows
	dims, padded    int        // padded: dims as DotI8 asks for
	pairs           []byte     // what was found in a block
}

// All products are computed at once: wherever a scan pauses, processors must find
// out anew what to fetch from memory next. Scores then follow in blocks. Those of the
// first are all compared here, of later ones those above the worst of the best so far:
// with twice as many rows each time, about as many as are wanted of each.
const (
	firstBlock = 64
	block      = 4096
)

// New takes kernel memory for up to capacity rows of dims numbers: for each dims,
// rounded up to 16, and 8 bytes, and 32 KB for what is found. It cannot be given
// back: one Scanner serves an index that grows.
func New(k kernel.Kernels, dims, capacity int) (*Scanner, error) {
	if dims < 1 || dims > index.MaxDims || capacity < 0 {
		return nil, errors.New("scan: dimensions or capacity are out of range")
	}
	s := &Scanner{kernels: k, capacity: capacity, dims: dims, padded: (dims + 15) &^ 15}
	longest := min(block, capacity)
	pointers := [...]*kernel.Ptr{&s.rows, &s.scales, &s.query, &s.scores, &s.found}
	for i, size := range [...]int{capacity * s.padded, 4 * capacity, s.padded, 4 * capacity, 8 * longest} {
		p, err := k.Alloc(size)
		if err != nil {
			return nil, err
		}
		*pointers[i] = p
	}
	s.pairs = make([]byte, 8*longest)
	return s, nil
}

// Set copies the rows of v, which replace those of an earlier Set.
func (s *Scanner) Set(v *index.Vectors) error {
	if v.Dims() != s.dims || v.Len() > s.capacity {
		return errors.New("scan: the vectors have other dimensions or more rows than the scanner has room for: make a new one")
	}
	s.count = v.Len()
	s.kernels.Write(s.scales, bytesOf(v.Scales()))
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

// Scan implements index.Scanner. It does not allocate.
func (s *Scanner) Scan(query []int8, scale float32, scores []float32, best *index.Best) error {
	if len(query) != s.dims || scores != nil && len(scores) != s.count {
		return errors.New("scan: query or output do not fit the vectors")
	}
	s.kernels.Write(s.query, bytesOf(query))
	s.kernels.DotI8(s.scores, s.query, s.rows, s.count, s.padded)
	for first, n := 0, firstBlock; first < s.count; first, n = first+n, min(2*n, block) {
		n = min(n, s.count-first)
		bound := float32(math.Inf(1))
		if best != nil {
			bound = best.Bound()
		}
		found := s.kernels.Score(s.found, s.scores.Add(4*first), s.scales.Add(4*first), n, scale, bound)
		s.push(best, first, found)
	}
	if scores != nil {
		s.kernels.Read(bytesOf(scores), s.scores)
	}
	return nil
}

// push gives what was found in the block from row first on.
func (s *Scanner) push(best *index.Best, first, found int) {
	pairs := s.pairs[:8*found]
	s.kernels.Read(pairs, s.found)
	for ; len(pairs) > 0; pairs = pairs[8:] {
		pair := binary.LittleEndian.Uint64(pairs)
		best.Push(index.Match{Doc: first + int(uint32(pair)), Score: math.Float32frombits(uint32(pair >> 32))})
	}
}

// bytesOf views numbers as they lie in kernel memory.
func bytesOf[T int8 | int32 | float32](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(*new(T))))
}
