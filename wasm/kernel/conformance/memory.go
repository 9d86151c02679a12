package conformance

import (
	"errors"
	"math"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// testMemory checks the contract of [kernel.Memory].
func testMemory(t *testing.T, k kernel.Kernels) {
	if k.Name() == "" {
		t.Error("the implementation has no name")
	}
	s := &suite{Rand: random("Memory"), t: t}
	type block struct {
		at   kernel.Ptr
		data []byte
	}
	var blocks []block
	end := kernel.Ptr(kernel.Reserved)
	for _, size := range []int{0, 1, 7, 8, 63, 64, 65, 1000, 65536, 100_000, 3 << 20, 5} {
		at, err := k.Alloc(size)
		if err != nil {
			t.Fatalf("Alloc(%d): %v", size, err)
		}
		if at%64 != 0 || at < end {
			t.Fatalf("Alloc(%d) = %d, want a multiple of 64 from %d on", size, at, end)
		}
		end = at.Add(size)
		fresh := make([]byte, size)
		k.Read(fresh, at)
		for i, b := range fresh {
			if b != 0 {
				t.Fatalf("Alloc(%d): byte %d is %d, want 0", size, i, b)
			}
		}
		data := s.bytes(size)
		k.Write(at, data)
		blocks = append(blocks, block{at, data})
	}
	for _, b := range blocks {
		got := make([]byte, len(b.data))
		k.Read(got, b.at)
		if string(got) != string(b.data) {
			t.Fatalf("block of %d bytes at %d changed", len(b.data), b.at)
		}
	}
	for range 50 { // every length and alignment of a part
		b := blocks[7]
		from := s.IntN(len(b.data))
		part := make([]byte, min(s.IntN(40), len(b.data)-from))
		k.Read(part, b.at.Add(from))
		if string(part) != string(b.data[from:][:len(part)]) {
			t.Fatalf("Read of %d bytes at offset %d differs from what was written", len(part), from)
		}
		part = s.bytes(len(part))
		k.Write(b.at.Add(from), part)
		copy(b.data[from:], part)
		whole := make([]byte, len(b.data))
		k.Read(whole, b.at)
		if string(whole) != string(b.data) {
			t.Fatalf("Write of %d bytes at offset %d changed other bytes", len(part), from)
		}
	}
	for _, size := range []int{-1, math.MinInt32, math.MaxInt} {
		if _, err := k.Alloc(size); !errors.Is(err, kernel.ErrMemory) {
			t.Errorf("Alloc(%d): error %v, want ErrMemory", size, err)
		}
	}
	for _, at := range []kernel.Ptr{end.Add(-15), end, 1 << 31, math.MaxUint32 - 7} {
		mustPanic(t, "Write past the end", func() { k.Write(at, make([]byte, 16)) })
		mustPanic(t, "Read past the end", func() { k.Read(make([]byte, 16), at) })
	}
}

func mustPanic(t *testing.T, what string, call func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	call()
}
