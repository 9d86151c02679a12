package conformance

import (
	"fmt"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

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

func testScore(s *suite) {
	run := func(name string, count int, bound float32, dot func() int32, factor fill) {
		dots := make([]int32, count)
		for i := range dots {
			dots[i] = dot()
		}
		var found []int
		s.check(fmt.Sprintf("%s count=%d bound=%g", name, count, bound), func(k kernel.Kernels, p []kernel.Ptr) {
			found = append(found, k.Score(p[0], p[1], p[2], count, 0x1.23456p-7, bound))
		}, bytes("found", s.bytes(8*count)), int32s("x", dots), floats("scales", s.floats(count, factor)))
		if found[0] != found[1] {
			s.t.Fatalf("%s count=%d: found %d, want %d", name, count, found[1], found[0])
		}
	}
	any := func() int32 { return int32(s.Uint32()) }
	cosines := func() int32 { return int32(1e5 * s.NormFloat64()) }
	scale := func(s *suite) float32 { return s.Float32() / 1e3 }
	for count := range 70 {
		run("random", count, normal(s), cosines, scale)
		run("all", count, float32(math.Inf(-1)), any, normal)
		run("none", count, float32(math.Inf(1)), any, normal)
	}
	run("few", 4099, 4, cosines, scale)
	few := func() int32 { return int32(s.IntN(5)) - 2 }
	run("equal to the bound", 999, 0x1.23456p-7, few, func(*suite) float32 { return 1 })
	run("zeros of both signs", 99, 0, few, func(s *suite) float32 { return float32(s.IntN(2)) })
	run("extremes", 99, 0, func() int32 { return [...]int32{math.MinInt32, math.MaxInt32, 1<<24 + 1, -1<<24 - 1}[s.IntN(4)] }, wide)
	run("special", 99, 0x1p-127, few, special)
}

func testHamming(s *suite) {
	run := func(name string, count, size int, value func() byte) {
		query, vectors := make([]byte, size), make([]byte, count*size)
		for i := range query {
			query[i] = value()
		}
		for i := range vectors {
			vectors[i] = value()
		}
		s.check(fmt.Sprintf("%s count=%d size=%d", name, count, size), func(k kernel.Kernels, p []kernel.Ptr) {
			k.Hamming(p[0], p[1], p[2], count, size)
		}, int32s("out", make([]int32, count)), bytes("query", query), bytes("vectors", vectors))
	}
	value := func() byte { return byte(s.Uint32()) }
	for range 60 {
		run("random", s.IntN(20), 16*s.IntN(40), value)
	}
	for count := range 10 {
		run("384 dimensions", count, 48, value)
	}
	run("many", 1000, 32, value)
	run("longest", 3, 65536, value)
	run("equal", 5, 64, func() byte { return 0x5a })
	for _, size := range []int{16, 48, 496, 4096, 65536} {
		drawn := 0
		run("all bits differ", 3, size, func() byte { // a query of zeros, vectors of ones
			if drawn++; drawn <= size {
				return 0
			}
			return 0xff
		})
	}
}
