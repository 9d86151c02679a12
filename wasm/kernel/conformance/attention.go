package conformance

import (
	"fmt"
	"math"

	"github.com/effir/effir/wasm/kernel"
)

func testAttention(s *suite) {
	small := func(s *suite) float32 { return normal(s) * 0.1 }
	// Scores far apart: most probabilities are the least that Exp returns.
	peaked := func(s *suite) float32 { return normal(s) * 20 }
	for rows := range 71 {
		causal := rows%2 == 0
		s.attention("normal", rows, 1, 1+rows%4, 16, normal, causal)
		s.attention("special", rows, 1+rows%3, 1+rows%2, 16*(1+rows%3), special, !causal)
	}
	for _, headDim := range []int{16, 32, 48, 64, 80, 96, 112, 128} {
		for group := 1; group <= 4; group++ {
			rows := 1 + s.IntN(20)
			s.attention("small", rows, 1+s.IntN(3), group, headDim, small, group%2 == 0)
			s.attention("peaked", rows, 1+s.IntN(3), group, headDim, peaked, group%2 == 1)
		}
	}
	for _, causal := range []bool{true, false} {
		s.attention("model shape", 21, 3, 3, 64, normal, causal)
		s.attention("long", 130, 1, 2, 32, normal, causal)
		s.attention("longest text", 512, 1, 1, 16, normal, causal)
		s.attention("equal scores", 13, 1, 2, 16, func(*suite) float32 { return 0.5 }, causal)
		s.attention("zeros", 9, 2, 1, 32, func(*suite) float32 { return float32(math.Copysign(0, -1)) }, causal)
	}
}

func (s *suite) attention(name string, rows, kvHeads, group, headDim int, f fill, causal bool) {
	s.t.Helper()
	heads := kvHeads * group
	scale := float32(1 / math.Sqrt(float64(headDim)))
	shape := fmt.Sprintf("%s rows=%d heads=%d kvHeads=%d headDim=%d causal=%v", name, rows, heads, kvHeads, headDim, causal)
	scratch := argument{name: "scratch", data: s.bytes(kernel.AttentionScratch(rows, headDim)), unit: 4, scratch: true}
	s.check(shape, func(k kernel.Kernels, p []kernel.Ptr) {
		k.Attention(p[0], p[1], p[2], rows, heads, kvHeads, headDim, scale, causal)
	}, s.result("out", rows*heads*headDim), floats("qkv", s.floats(rows*(heads+2*kvHeads)*headDim, f)), scratch)
}
