package conformance

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

func testEmbed(s *suite) {
	s.testEmbed(func(dim int) int { return dim }, kernel.Kernels.Embed)
}

func testEmbedQ4(s *suite) {
	s.testEmbed(func(dim int) int { return dim / 2 }, kernel.Kernels.EmbedQ4)
}

// testEmbed checks look-ups in tables whose rows have the given number of bytes
// after their scales.
func (s *suite) testEmbed(size func(dim int) int, embed func(k kernel.Kernels, out, table, ids kernel.Ptr, rows, dim int)) {
	for range 40 {
		rows, dim, vocabulary := s.IntN(9), 32*s.IntN(20), 1+s.IntN(12)
		var table []byte
		for range vocabulary {
			for range dim / kernel.Group {
				table = binary.LittleEndian.AppendUint16(table, s.float16())
			}
			table = append(table, s.bytes(size(dim))...)
		}
		ids := make([]int32, rows)
		for i := range ids {
			ids[i] = int32(s.IntN(vocabulary))
		}
		s.check(fmt.Sprintf("rows=%d dim=%d", rows, dim), func(k kernel.Kernels, p []kernel.Ptr) {
			embed(k, p[0], p[1], p[2], rows, dim)
		}, s.result("out", rows*dim), bytes("table", table), int32s("ids", ids))
	}
}

func testRMSNorm(s *suite) {
	for _, name := range fillNames {
		for range 15 {
			rows, dim, eps := s.IntN(9), 8*(1+s.IntN(100)), []float32{1e-5, 1e-6, 0x1p-140}[s.IntN(3)]
			x := s.floats(rows*dim, fills[name])
			if rows > 1 {
				clear(x[:dim]) // a row of zeros divides by eps alone
			}
			if rows > 2 {
				x[dim] = math.MaxFloat32 // its square overflows
			}
			weight := s.floats(dim, fills[name])
			shape := fmt.Sprintf("%s rows=%d dim=%d eps=%g", name, rows, dim, eps)
			s.check(shape, func(k kernel.Kernels, p []kernel.Ptr) {
				k.RMSNorm(p[0], p[1], p[2], rows, dim, eps)
			}, s.result("out", rows*dim), floats("x", x), floats("w", weight))
			s.check(shape+" in place", func(k kernel.Kernels, p []kernel.Ptr) {
				k.RMSNorm(p[0], p[0], p[1], rows, dim, eps)
			}, floats("x", x), floats("w", weight))
		}
	}
}

func testLayerNorm(s *suite) {
	run := func(name string, rows, dim int, eps float32, x []float32, f fill) {
		weight, bias := s.floats(dim, f), s.floats(dim, f)
		shape := fmt.Sprintf("%s rows=%d dim=%d eps=%g", name, rows, dim, eps)
		s.check(shape, func(k kernel.Kernels, p []kernel.Ptr) {
			k.LayerNorm(p[0], p[1], p[2], p[3], rows, dim, eps)
		}, s.result("out", rows*dim), floats("x", x), floats("w", weight), floats("b", bias))
		s.check(shape+" in place", func(k kernel.Kernels, p []kernel.Ptr) {
			k.LayerNorm(p[0], p[0], p[1], p[2], rows, dim, eps)
		}, floats("x", x), floats("w", weight), floats("b", bias))
	}
	for _, name := range fillNames {
		for range 20 {
			rows, dim, eps := s.IntN(9), 8*(1+s.IntN(100)), []float32{1e-12, 1e-5, 0x1p-140}[s.IntN(3)]
			x := s.floats(rows*dim, fills[name])
			if rows > 1 { // a row of equals divides by eps alone
				for i := range x[:dim] {
					x[i] = x[0]
				}
			}
			run(name, rows, dim, eps, x, fills[name])
		}
	}
	run("model shape", 17, 384, 1e-12, s.floats(17*384, normal), normal)
	run("squares overflow", 2, 16, 1e-12, s.floats(32, func(s *suite) float32 { return normal(s) * 0x1p80 }), normal)
	run("far from zero", 3, 64, 1e-12, s.floats(192, func(s *suite) float32 { return 1000 + normal(s) }), normal)
	run("zeros", 3, 24, 1e-12, make([]float32, 72), normal)
}

func testQuantise(s *suite) {
	run := func(name string, rows, dim int, x []float32) {
		s.check(fmt.Sprintf("%s rows=%d dim=%d", name, rows, dim), func(k kernel.Kernels, p []kernel.Ptr) {
			k.Quantise(p[0], p[1], p[2], p[3], rows, dim)
		}, bytes("q", s.bytes(rows*dim)), s.result("scale", rows*dim/kernel.Group), s.result("sums", rows*dim/kernel.Group), floats("x", x))
	}
	for _, name := range fillNames {
		for range 20 {
			rows, dim := s.IntN(9), 32*(1+s.IntN(40))
			run(name, rows, dim, s.floats(rows*dim, fills[name]))
		}
	}
	run("normal", 3, 16384, s.floats(3*16384, normal))

	// With a peak of 127 the factor is 1: halves are ties between two levels.
	ties := make([]float32, 512)
	for i := range ties {
		ties[i] = float32(i%254-127)/2 + 0.5
	}
	for g := 31; g < 512; g += 32 {
		ties[g] = 127
	}
	run("ties", 1, 512, ties)

	for _, peak := range []float32{
		0, 0x1p-149, kernel.QuantiseMin, math.Nextafter32(kernel.QuantiseMin, 0),
		math.Nextafter32(kernel.QuantiseMin, 1), 0x1p-126, math.MaxFloat32, 1, 0x1.fffffep0,
	} {
		for _, sign := range []float32{1, -1} {
			x := s.floats(96, func(s *suite) float32 { return peak * (s.Float32()*2 - 1) })
			x[s.IntN(96)] = peak * sign
			run(fmt.Sprintf("peak %g", peak*sign), 1, 96, x)
		}
	}
	saturated := s.floats(64, func(s *suite) float32 { return float32(s.IntN(2)*2-1) * 0.3 })
	run("saturated", 1, 64, saturated)
}

func testRoPE(s *suite) {
	for _, name := range fillNames {
		for range 20 {
			rows, headDim, heads := s.IntN(9), 16*(1+s.IntN(8)), s.IntN(10)
			stride := (heads + s.IntN(7)) * headDim
			var table []float32
			for range rows {
				angles := s.floats(headDim/2, func(s *suite) float32 { return s.Float32() * 2 * math.Pi })
				for _, a := range angles {
					table = append(table, float32(math.Cos(float64(a))))
				}
				for _, a := range angles {
					table = append(table, float32(math.Sin(float64(a))))
				}
			}
			shape := fmt.Sprintf("%s rows=%d heads=%d headDim=%d stride=%d", name, rows, heads, headDim, stride)
			s.check(shape, func(k kernel.Kernels, p []kernel.Ptr) {
				k.RoPE(p[0], p[1], rows, heads, headDim, stride)
			}, floats("x", s.floats(rows*stride, fills[name])), floats("table", table))
		}
	}
}

func testSwiGLU(s *suite) {
	// Around the ends of Exp, and far past them.
	edges := func(s *suite) float32 {
		ends := [...]float32{-87, 87, -88, 88, -89, 1e30, -1e30, 0.34657359, -0.34657359, 0}
		return ends[s.IntN(len(ends))] + float32(s.IntN(3)-1)*0x1p-16
	}
	spread := func(s *suite) float32 { return (s.Float32()*2 - 1) * 100 }
	all := []struct {
		name string
		fill fill
	}{{"normal", normal}, {"wide", wide}, {"special", special}, {"edges", edges}, {"spread", spread}}
	for _, f := range all {
		for range 20 {
			rows, dim := s.IntN(9), 8*(1+s.IntN(60))
			s.check(fmt.Sprintf("%s rows=%d dim=%d", f.name, rows, dim), func(k kernel.Kernels, p []kernel.Ptr) {
				k.SwiGLU(p[0], p[1], rows, dim)
			}, s.result("out", rows*dim), floats("x", s.floats(2*rows*dim, f.fill)))
		}
	}
}

func testGELU(s *suite) {
	// Around the end of the polynomial, and far past it.
	edges := func(s *suite) float32 {
		ends := [...]float32{-5.5, 5.5, 1e30, -1e30, 0.5, -0.5, 0, float32(math.Copysign(0, -1))}
		return ends[s.IntN(len(ends))] + float32(s.IntN(3)-1)*0x1p-16
	}
	spread := func(s *suite) float32 { return (s.Float32()*2 - 1) * 8 }
	zero := func(s *suite) float32 { return float32(math.Copysign(0, float64(s.IntN(2))-0.5)) }
	for _, f := range []struct {
		name    string
		x, bias fill
	}{
		{"normal", normal, normal}, {"wide", wide, wide}, {"special", special, special},
		{"edges", edges, zero}, {"spread", spread, zero}, {"zeros", zero, zero},
	} {
		s.testBiased(f.name, f.x, f.bias, kernel.Kernels.GELU)
	}
}

func testBias(s *suite) {
	for _, name := range fillNames {
		s.testBiased(name, fills[name], fills[name], kernel.Kernels.Bias)
	}
}

// testBiased checks an operation that adds a bias to each row.
func (s *suite) testBiased(name string, x, bias fill, apply func(k kernel.Kernels, x, b kernel.Ptr, rows, dim int)) {
	for range 20 {
		rows, dim := s.IntN(9), 8*s.IntN(60)
		s.check(fmt.Sprintf("%s rows=%d dim=%d", name, rows, dim), func(k kernel.Kernels, p []kernel.Ptr) {
			apply(k, p[0], p[1], rows, dim)
		}, floats("x", s.floats(rows*dim, x)), floats("b", s.floats(dim, bias)))
	}
}

func testAdd(s *suite) {
	for _, name := range fillNames {
		for range 20 {
			count := 8 * s.IntN(300)
			s.check(fmt.Sprintf("%s count=%d", name, count), func(k kernel.Kernels, p []kernel.Ptr) {
				k.Add(p[0], p[1], count)
			}, floats("x", s.floats(count, fills[name])), floats("y", s.floats(count, fills[name])))
		}
	}
}

func testMeanPool(s *suite) {
	for _, name := range fillNames {
		for range 20 {
			rows, dim := 1+s.IntN(40), 8*(1+s.IntN(80))
			s.check(fmt.Sprintf("%s rows=%d dim=%d", name, rows, dim), func(k kernel.Kernels, p []kernel.Ptr) {
				k.MeanPool(p[0], p[1], rows, dim)
			}, s.result("out", dim), floats("x", s.floats(rows*dim, fills[name])))
		}
	}
}

func testNormalise(s *suite) {
	run := func(name string, x []float32) {
		s.check(fmt.Sprintf("%s dim=%d", name, len(x)), func(k kernel.Kernels, p []kernel.Ptr) {
			k.Normalise(p[0], len(x))
		}, floats("x", x))
	}
	for _, name := range fillNames {
		for range 20 {
			run(name, s.floats(8*(1+s.IntN(120)), fills[name]))
		}
	}
	run("empty", nil)
	run("zeros", make([]float32, 24))
	run("negative zeros", s.floats(16, func(*suite) float32 { return float32(math.Copysign(0, -1)) }))
	run("squares vanish", s.floats(16, func(*suite) float32 { return -0x1p-80 }))
	run("squares subnormal", s.floats(16, func(*suite) float32 { return 0x1p-72 }))
	run("squares overflow", s.floats(16, func(*suite) float32 { return math.MaxFloat32 }))
}

func testDense(s *suite) {
	for _, name := range fillNames {
		for range 15 {
			n, inputs := 8*(1+s.IntN(20)), s.IntN(100)
			s.check(fmt.Sprintf("%s n=%d k=%d", name, n, inputs), func(k kernel.Kernels, p []kernel.Ptr) {
				k.Dense(p[0], p[1], p[2], p[3], n, inputs)
			}, s.result("out", n), floats("x", s.floats(inputs, fills[name])),
				floats("w", s.floats(inputs*n, fills[name])), floats("bias", s.floats(n, fills[name])))
		}
	}
}
