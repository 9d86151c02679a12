package conformance

import (
	"encoding/binary"
	"fmt"

	"github.com/effir/effir/wasm/kernel"
)

func testMatMulQ4(s *suite) {
	for range 40 {
		rows, n, k := s.IntN(14), 8*(1+s.IntN(9)), 32*(1+s.IntN(12))
		s.matMul("random", rows, n, k, s.level, s.nibbles)
	}
	s.matMul("one row", 1, 576, 576, s.level, s.nibbles)
	s.matMul("model shape", 17, 192, 1536, s.level, s.nibbles)
	s.matMul("many rows", 131, 16, 96, s.level, s.nibbles)
	s.matMul("longest", 5, 16, 16384, s.level, s.nibbles)

	// The largest sums that a group can have, of both signs, must not overflow.
	highest := func() byte { return 0xff }
	for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8} {
		s.matMul("all +127 x 15", rows, 24, 160, func() int8 { return 127 }, highest)
		s.matMul("all -127 x 15", rows, 24, 160, func() int8 { return -127 }, highest)
	}
	s.matMul("longest, all 127 x 15", 4, 8, 16384, func() int8 { return 127 }, highest)
	s.matMul("±127 x 15 or 0", 7, 32, 320,
		func() int8 { return int8(s.IntN(2)*254 - 127) },
		func() byte { return [...]byte{0, 0x0f, 0xf0, 0xff}[s.IntN(4)] })
	s.matMul("zero activations", 6, 16, 64, func() int8 { return 0 }, s.nibbles)
	s.matMul("zero weights", 6, 16, 64, s.level, func() byte { return 0 })
}

func (s *suite) level() int8   { return int8(s.IntN(255) - 127) }
func (s *suite) nibbles() byte { return byte(s.Uint32()) }

// matMul checks one product with activations and pairs of weights drawn from
// the given functions and any finite scales and minimums.
func (s *suite) matMul(name string, rows, n, k int, level func() int8, nibbles func() byte) {
	s.t.Helper()
	q, sums := make([]byte, rows*k), make([]float32, rows*k/kernel.Group)
	for i := range q {
		v := level()
		q[i] = byte(v)
		sums[i/kernel.Group] += float32(v)
	}
	var weights []byte
	for range kernel.Q4Bytes(n, k) / kernel.Q4Bytes(kernel.Panel, kernel.Group) {
		for range 2 * kernel.Panel {
			weights = binary.LittleEndian.AppendUint16(weights, s.float16())
		}
		for range kernel.Panel * kernel.Group / 2 {
			weights = append(weights, nibbles())
		}
	}
	scale := s.floats(len(sums), func(s *suite) float32 { return s.Float32() })
	for g := range sums {
		sums[g] *= scale[g]
	}
	s.check(fmt.Sprintf("%s rows=%d n=%d k=%d", name, rows, n, k), func(kernels kernel.Kernels, p []kernel.Ptr) {
		kernels.MatMulQ4(p[0], p[1], p[2], p[3], p[4], rows, n, k)
	}, s.result("out", rows*n), bytes("q", q), floats("scale", scale), floats("sums", sums), bytes("w", weights))
}

func testDotI8(s *suite) {
	run := func(name string, count, dim int, value func() byte) {
		query, vectors := make([]byte, dim), make([]byte, count*dim)
		for i := range query {
			query[i] = value()
		}
		for i := range vectors {
			vectors[i] = value()
		}
		s.check(fmt.Sprintf("%s count=%d dim=%d", name, count, dim), func(k kernel.Kernels, p []kernel.Ptr) {
			k.DotI8(p[0], p[1], p[2], count, dim)
		}, int32s("out", make([]int32, count)), bytes("query", query), bytes("vectors", vectors))
	}
	value := func() byte { return byte(s.Uint32()) }
	for range 40 {
		run("random", s.IntN(20), 16*(1+s.IntN(40)), value)
	}
	run("many", 1000, 64, value)
	run("longest", 5, 65536, value)
	run("longest, all -128", 3, 65536, func() byte { return 0x80 })
	run("longest, all 127", 3, 65536, func() byte { return 0x7f })
	run("extremes", 9, 1024, func() byte { return [...]byte{0x80, 0x7f, 0x81, 0, 1, 0xff}[s.IntN(6)] })
}
