package kernel

import (
	"errors"
	"unsafe"
)

// Arena is a kernel memory in Go's own memory, for native implementations.
type Arena struct {
	bytes []byte
}

// ErrMemory is returned when a memory cannot grow as asked.
var ErrMemory = errors.New("kernel: out of memory: a kernel memory holds at most 4 GiB")

// NewArena returns a memory of only the reserved part.
func NewArena() *Arena { return &Arena{bytes: aligned(Reserved)} }

// Alloc implements [Memory]. It may move the memory.
func (a *Arena) Alloc(size int) (Ptr, error) {
	start := (len(a.bytes) + 63) &^ 63
	if size < 0 || size > 1<<32-1-start {
		return 0, ErrMemory
	}
	if end := start + size; end <= cap(a.bytes) {
		a.bytes = a.bytes[:end]
	} else {
		grown := aligned(end)
		copy(grown, a.bytes)
		a.bytes = grown
	}
	return Ptr(start), nil
}

// Write implements [Memory].
func (a *Arena) Write(p Ptr, src []byte) { copy(a.Bytes(p, len(src)), src) }

// Read implements [Memory].
func (a *Arena) Read(dst []byte, p Ptr) { copy(dst, a.Bytes(p, len(dst))) }

// Bytes returns a view of n bytes at p; it is valid until the next Alloc.
func (a *Arena) Bytes(p Ptr, n int) []byte {
	return a.bytes[p:][:n:n]
}

// Floats returns a view of n float32 at p.
func (a *Arena) Floats(p Ptr, n int) []float32 { return view[float32](a, p, n) }

// Int32s returns a view of n int32 at p.
func (a *Arena) Int32s(p Ptr, n int) []int32 { return view[int32](a, p, n) }

// Int8s returns a view of n int8 at p.
func (a *Arena) Int8s(p Ptr, n int) []int8 { return view[int8](a, p, n) }

func view[T int8 | int32 | float32](a *Arena, p Ptr, n int) []T {
	size := int(unsafe.Sizeof(*new(T)))
	b := a.Bytes(p, n*size)
	if n == 0 {
		return nil
	}
	if uintptr(p)%uintptr(size) != 0 {
		panic("kernel: misaligned pointer")
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}

// aligned returns n zeroed bytes that start on a 64-byte boundary.
func aligned(n int) []byte {
	b := make([]byte, n+63)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) & 63)
	return b[skip : skip+n : skip+n]
}
