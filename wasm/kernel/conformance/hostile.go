package conformance

import (
	"math"

	"github.com/effir/effir/wasm/kernel"
)

// testHostile checks the policy on NaNs and infinities: whatever the values, an
// operation returns and writes only its results.
func testHostile(s *suite) {
	const rows, dim, n = 5, 64, 24
	any := func(count int) []float32 { return s.floats(count, hostile) }
	raw := func(count int) argument { return bytes("bytes", s.bytes(count)) }
	for round := range 10 {
		s.survives("Embed", func(k kernel.Kernels, p []kernel.Ptr) { k.Embed(p[0], p[1], p[2], rows, dim) },
			s.result("out", rows*dim), raw(4*kernel.Q8RowBytes(dim)), int32s("ids", []int32{3, 0, 1, 2, 3}))
		s.survives("EmbedQ4", func(k kernel.Kernels, p []kernel.Ptr) { k.EmbedQ4(p[0], p[1], p[2], rows, dim) },
			s.result("out", rows*dim), raw(4*kernel.Q4RowBytes(dim)), int32s("ids", []int32{3, 0, 1, 2, 3}))
		s.survives("RMSNorm", func(k kernel.Kernels, p []kernel.Ptr) { k.RMSNorm(p[0], p[1], p[2], rows, dim, 1) },
			s.result("out", rows*dim), floats("x", any(rows*dim)), floats("w", any(dim)))
		s.survives("LayerNorm", func(k kernel.Kernels, p []kernel.Ptr) { k.LayerNorm(p[0], p[1], p[2], p[3], rows, dim, 1) },
			s.result("out", rows*dim), floats("x", any(rows*dim)), floats("w", any(dim)), floats("b", any(dim)))
		s.survives("Quantise", func(k kernel.Kernels, p []kernel.Ptr) { k.Quantise(p[0], p[1], p[2], p[3], rows, dim) },
			s.written("q", rows*dim, 1), s.result("scale", rows*dim/kernel.Group), s.result("sums", rows*dim/kernel.Group),
			floats("x", any(rows*dim)))
		for _, product := range []product{q4, q7} {
			s.survives(product.name, func(k kernel.Kernels, p []kernel.Ptr) {
				product.multiply(k, p[0], p[1], p[2], p[3], p[4], rows, n, dim)
			}, s.result("out", rows*n), raw(rows*dim), floats("scale", any(rows*dim/kernel.Group)),
				floats("sums", any(rows*dim/kernel.Group)), raw(product.size(n, dim)))
		}
		s.survives("RoPE", func(k kernel.Kernels, p []kernel.Ptr) { k.RoPE(p[0], p[1], rows, 3, 16, dim) },
			s.result("x", rows*dim), floats("table", any(rows*16)))
		s.survives("Attention", func(k kernel.Kernels, p []kernel.Ptr) {
			k.Attention(p[0], p[1], p[2], rows, 2, 1, 16, 1, round%2 == 0)
		}, s.result("out", rows*2*16), floats("qkv", any(rows*4*16)), s.written("scratch", kernel.AttentionScratch(rows, 16), 4))
		s.survives("SwiGLU", func(k kernel.Kernels, p []kernel.Ptr) { k.SwiGLU(p[0], p[1], rows, dim) },
			s.result("out", rows*dim), floats("x", any(2*rows*dim)))
		s.survives("GELU", func(k kernel.Kernels, p []kernel.Ptr) { k.GELU(p[0], p[1], rows, dim) },
			s.result("x", rows*dim), floats("b", any(dim)))
		s.survives("MeanPool", func(k kernel.Kernels, p []kernel.Ptr) { k.MeanPool(p[0], p[1], rows, dim) },
			s.result("out", dim), floats("x", any(rows*dim)))
		s.survives("Dense", func(k kernel.Kernels, p []kernel.Ptr) { k.Dense(p[0], p[1], p[2], p[3], n, dim) },
			s.result("out", n), floats("x", any(dim)), floats("w", any(n*dim)), floats("bias", any(n)))
		s.survives("Score", func(k kernel.Kernels, p []kernel.Ptr) { k.Score(p[0], p[1], p[2], n, hostile(s), hostile(s)) },
			s.written("found", 8*n, 4), s.result("x", n), floats("scales", any(n)))
		s.survives("Normalise", func(k kernel.Kernels, p []kernel.Ptr) { k.Normalise(p[0], dim) }, s.result("x", dim))
	}
}

// hostile draws any 32 bits, or one of the numbers that are none.
func hostile(s *suite) float32 {
	values := [...]float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, 0}
	if i := s.IntN(2 * len(values)); i < len(values) {
		return values[i]
	}
	return math.Float32frombits(s.Uint32())
}

// written is an argument of size bytes that the operation fills or uses.
func (s *suite) written(name string, size, unit int) argument {
	return argument{name: name, data: s.bytes(size), unit: unit, written: true}
}

// survives calls an operation of the tested kernels and fails if anything but
// its written arguments changes.
func (s *suite) survives(operation string, call func(k kernel.Kernels, p []kernel.Ptr), arguments ...argument) {
	s.t.Helper()
	image, offsets := s.lay(operation, arguments)
	k, base := s.kernels[1], s.base[1]
	k.Write(base, image)
	call(k, pointers(base, offsets))
	after := make([]byte, len(image))
	k.Read(after, base)
	for j, a := range arguments {
		if a.written {
			copy(after[offsets[j]:][:len(a.data)], image[offsets[j]:])
		}
	}
	if string(after) != string(image) {
		s.t.Fatalf("%s on hostile values %s", operation, difference(image, after, arguments, offsets))
	}
}
