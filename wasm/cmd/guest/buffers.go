//go:build wasip1

package main

import "unsafe"

// buffers are what the host fills, kept alive by their place until the host frees
// them or a call takes them over.
var buffers = map[uint32][]byte{}

// spare is the last small buffer that was freed. Calls in steady state pass one
// text after the other through it and leave no garbage.
var spare []byte

// maxSpare is the size up to which a buffer is kept.
const maxSpare = 1 << 16

//go:wasmexport effir_alloc
func alloc(size uint32) uint32 {
	var b []byte
	if uint32(cap(spare)) >= max(size, 1) {
		b, spare = spare[:max(size, 1)], nil
	} else {
		b = make([]byte, max(size, 1), max(size, 1024))
	}
	p := uint32(uintptr(unsafe.Pointer(&b[0])))
	buffers[p] = b
	return p
}

//go:wasmexport effir_free
func free(p uint32) {
	if b := buffers[p]; cap(b) > cap(spare) && cap(b) <= maxSpare {
		spare = b
	}
	delete(buffers, p)
}

// input returns the first n bytes of a buffer that alloc returned.
func input(p, n uint32) []byte {
	b := buffers[p]
	return b[:min(n, uint32(len(b)))]
}

// text is input as a string, valid until the host changes the buffer.
func text(p, n uint32) string {
	b := input(p, n)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// take is input for content that outlives the call: the buffer changes hands.
func take(p, n uint32) []byte {
	b := input(p, n)
	delete(buffers, p)
	return b
}
