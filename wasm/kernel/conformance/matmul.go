package conformance

import (
	"encoding/binary"
	"fmt"

	"github.com/effir/effir/wasm/kernel"
)

// product is a layout of weights and the operation that multiplies by them.
type product struct {
	name     string
	size     func(n, k int) int
	highest  byte // all levels of a byte at their greatest
	multiply func(k kernel.Kernels, out, q, scale, sums, w kernel.Ptr, rows, n, inputs int)
}

var (
	q4 = product{"q4", kernel.Q4Bytes, 0xff, kernel.Kernels.MatMulQ4}
	q7 = product{"q7", kernel.Q7Bytes, 0x7f, kernel.Kernels.MatMulQ7}
)

func testMatMulQ4(s *suite) { s.testMatMul(q4) }
func testMatMulQ7(s *suite) { s.testMatMul(q7) }

func (s *suite) testMatMul(p product) {
	level := func() int8 { return int8(s.IntN(255) - 127) }
	weights := func() byte { return byte(s.Uint32()) & p.highest }
	run := func(name string, rows, n, k int, level func() int8, weights func() byte) {
		s.matMul(p, name, rows, n, k, level, weights)
	}
	for range 40 {
		run("random", s.IntN(14), 8*(1+s.IntN(9)), 32*(1+s.IntN(12)), level, weights)
	}
	for rows := range 20 { // every remainder of a tile
		run("each height", rows, 8*(1+rows%5), 32*(1+rows%3), level, weights)
	}
	run("no columns", 3, 0, 64, level, weights)
	run("no inputs", 3, 16, 0, level, weights)
	run("one row", 1, 576, 576, level, weights)
	run("model shape", 17, 192, 1536, level, weights)
	run("many rows", 131, 16, 96, level, weights)
	run("many rows, wide", 79, 72, 96, level, weights)
	run("many rows, wide and long", 80, 40, 800, level, weights)
	run("more rows than a block", 270, 8, 32, level, weights)
	run("longest text", 512, 16, 64, level, weights)
	run("longest", 5, 16, 16384, level, weights)
	run("long, many rows", 13, 16, 2080, level, weights)

	// The largest sums that a group can have, of both signs, must not overflow.
	highest := func() byte { return p.highest }
	for rows := 1; rows <= 9; rows++ {
		run("all +127 x highest", rows, 24, 160, func() int8 { return 127 }, highest)
		run("all -127 x highest", rows, 24, 160, func() int8 { return -127 }, highest)
		run("all -128 x highest", rows, 24, 96, func() int8 { return -128 }, highest)
	}
	run("longest, all 127 x highest", 4, 8, 16384, func() int8 { return 127 }, highest)
	run("±127 x highest or 0", 7, 32, 320,
		func() int8 { return int8(s.IntN(2)*254 - 127) },
		func() byte { return [...]byte{0, 0x0f & p.highest, 0xf0 & p.highest, p.highest}[s.IntN(4)] })
	run("zero activations", 6, 16, 64, func() int8 { return 0 }, weights)
	run("zero weights", 6, 16, 64, level, func() byte { return 0 })
}

// matMul checks one product with activations and bytes of weights drawn from the
// given functions and any finite scales and minimums.
func (s *suite) matMul(p product, name string, rows, n, k int, level func() int8, weights func() byte) {
	s.t.Helper()
	q, sums := make([]byte, rows*k), make([]float32, rows*k/kernel.Group)
	for i := range q {
		v := level()
		q[i] = byte(v)
		sums[i/kernel.Group] += float32(v)
	}
	const header = 4 * kernel.Panel // scales and minimums of a group
	group := p.size(kernel.Panel, kernel.Group)
	var packed []byte
	for range p.size(n, k) / group {
		for range header / 2 {
			packed = binary.LittleEndian.AppendUint16(packed, s.float16())
		}
		for range group - header {
			packed = append(packed, weights())
		}
	}
	scale := s.floats(len(sums), func(s *suite) float32 { return s.Float32() })
	for g := range sums {
		sums[g] *= scale[g]
	}
	s.check(fmt.Sprintf("%s rows=%d n=%d k=%d", name, rows, n, k), func(kernels kernel.Kernels, at []kernel.Ptr) {
		p.multiply(kernels, at[0], at[1], at[2], at[3], at[4], rows, n, k)
	}, s.result("out", rows*n), bytes("q", q), floats("scale", scale), floats("sums", sums), bytes("w", packed))
}
