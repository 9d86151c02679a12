package simd128_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/kernel/simd128/generator"
)

// flavours are the ways in which a page can multiply.
var flavours = []struct {
	name    string
	module  []byte
	inFours int // argument of dot_in_fours, -1 without one
}{
	{"baseline", simd128.Baseline, -1},
	{"relaxed-twos", simd128.Relaxed, 0},
	{"relaxed-fours", simd128.Relaxed, 1},
}

// BenchmarkMatMulChromium reports 10^9 operations a second, 2*rows*n*k each
// product, in the shapes of MiniLM and SmolLM2-135M.
func BenchmarkMatMulChromium(b *testing.B) {
	page := browser(b, "")
	for _, f := range flavours {
		for _, layout := range []struct {
			name, operation string
			size            func(n, k int) int
		}{{"q4", "mat_mul_q4", kernel.Q4Bytes}, {"q7", "mat_mul_q7", kernel.Q7Bytes}} {
			for _, shape := range [][2]int{{1536, 384}, {384, 1536}, {1536, 576}} {
				for _, rows := range []int{1, 4, 8, 16, 64, 512} {
					n, inputs := shape[0], shape[1]
					b.Run(fmt.Sprintf("%s/%s/k=%d/n=%d/rows=%d", f.name, layout.name, inputs, n, rows), func(b *testing.B) {
						k := newChromiumKernels(b, page, f.module)
						if f.inFours >= 0 {
							k.operate("dot_in_fours", f.inFours)
						}
						p := k.place(b, 4*rows*n, rows*inputs, rows*inputs/8, rows*inputs/8, layout.size(n, inputs))
						k.report(b, 2*float64(rows*n*inputs), layout.operation, p[0], p[1], p[2], p[3], p[4], rows, n, inputs)
					})
				}
			}
		}
	}
}

// BenchmarkLimitChromium reports what the arithmetic of products allows.
func BenchmarkLimitChromium(b *testing.B) {
	k := newChromiumKernels(b, browser(b, ""), simd128.Relaxed)
	for _, name := range []string{"limit_q4_twos", "limit_q7_twos", "limit_fours"} {
		b.Run(name, func(b *testing.B) { k.report(b, 1000*generator.LimitOperations, name, 1000) })
	}
}

// BenchmarkAttentionChromium is BenchmarkAttention of package avx2 in the page.
func BenchmarkAttentionChromium(b *testing.B) {
	page := browser(b, "")
	for _, rows := range []int{16, 64, 512} {
		k := newChromiumKernels(b, page, simd128.Relaxed)
		p := k.place(b, 4*rows*576, 4*rows*1152, kernel.AttentionScratch(rows, 64))
		b.Run(fmt.Sprintf("smollm/rows=%d", rows), func(b *testing.B) {
			k.report(b, 2*9*64*float64(rows)*float64(rows+1), "attention", p[0], p[1], p[2], rows, 9, 3, 64, 0.125, true)
		})
		b.Run(fmt.Sprintf("minilm/rows=%d", rows), func(b *testing.B) {
			k.report(b, 4*12*32*float64(rows)*float64(rows), "attention", p[0], p[1], p[2], rows, 12, 12, 32, 0.177, false)
		})
	}
}

// BenchmarkRowsChromium is BenchmarkRows of package avx2 in the page.
func BenchmarkRowsChromium(b *testing.B) {
	const rows, hidden, width = 16, 384, 1536
	k := newChromiumKernels(b, browser(b, ""), simd128.Relaxed)
	p := k.place(b, 8*rows*width, 8*rows*width, 4*width, rows*width, rows*width)
	x, y, w, scale, sums := p[0], p[1], p[2], p[3], p[4]
	for _, operation := range []struct {
		name       string
		count      int
		parameters []any
	}{
		{"rms_norm", rows * hidden, []any{y, x, w, rows, hidden, 1e-5}},
		{"layer_norm", rows * hidden, []any{y, x, w, w, rows, hidden, 1e-12}},
		{"quantise", rows * width, []any{y, scale, sums, x, rows, width}},
		{"swi_glu", rows * width, []any{y, x, rows, width}},
		{"gelu", rows * width, []any{y, w, rows, width}},
		{"bias", rows * width, []any{y, w, rows, width}},
		{"add", rows * hidden, []any{y, x, rows * hidden}},
	} {
		b.Run(operation.name, func(b *testing.B) {
			k.report(b, float64(operation.count), operation.name, operation.parameters...)
		})
	}
}

// BenchmarkScanChromium is BenchmarkScan of package avx2 in the page.
func BenchmarkScanChromium(b *testing.B) {
	const count = 10000
	k := newChromiumKernels(b, browser(b, ""), simd128.Relaxed)
	p := k.place(b, 4*count, 384, 384*count, 8*count)
	b.Run("dot_i8", func(b *testing.B) { k.report(b, 384*count, "dot_i8", p[0], p[1], p[2], count, 384) })
	// Of integers that become scores at once; scores a second.
	b.Run("score", func(b *testing.B) { k.report(b, count, "score", p[3], p[0], p[2], count, 1, float32(1e38)) })
	b.Run("hamming", func(b *testing.B) { k.report(b, 48*count, "hamming", p[0], p[1], p[2], count, 48) })
}

// place allocates ranges of the given sizes and fills them with small floats that
// are also bytes.
func (k chromiumKernels) place(b *testing.B, sizes ...int) (p []kernel.Ptr) {
	for _, size := range sizes {
		at, err := k.Alloc(size)
		if err != nil {
			b.Fatal(err)
		}
		k.Write(at, bytes.Repeat([]byte{0x12, 0x47, 0x81, 0x3e, 0x5a, 0x20, 0x19, 0xbd}, size/8))
		p = append(p, at)
	}
	return p
}

// report measures calls of the given number of operations.
func (k chromiumKernels) report(b *testing.B, operations float64, name string, parameters ...any) {
	for b.Loop() {
		b.ReportMetric(k.evaluate("rate", append([]any{operations / 1e9, name}, parameters...)...), "G/s")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLayerChromium reports the time of one layer of MiniLM (hidden size 384,
// 12 heads, width 1536) in all its operations over the least that its products can
// take by BenchmarkLimitChromium, measured beside it.
func BenchmarkLayerChromium(b *testing.B) {
	const hidden, width = 384, 1536
	page := browser(b, "")
	for _, f := range flavours[1:] {
		for _, layout := range []struct {
			name string
			size func(n, k int) int
		}{{"q4", kernel.Q4Bytes}, {"q7", kernel.Q7Bytes}} {
			for _, rows := range []int{8, 16, 64, 128} {
				b.Run(fmt.Sprintf("%s/%s/rows=%d", f.name, layout.name, rows), func(b *testing.B) {
					k := newChromiumKernels(b, page, f.module)
					k.operate("dot_in_fours", f.inFours)
					p := k.place(b, 4*rows*hidden, 4*rows*hidden, 4*rows*width, rows*width, rows*width/8, rows*width/8, 4*width,
						kernel.AttentionScratch(rows, 32), layout.size(3*hidden, hidden), layout.size(hidden, hidden),
						layout.size(width, hidden), layout.size(hidden, width))
					k.evaluate("defineLayer", fmt.Sprintf("mat_mul_%s", layout.name), rows, hidden, width,
						p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11])
					limit := map[string]string{"relaxed-twosq4": "limit_q4_twos", "relaxed-twosq7": "limit_q7_twos"}[f.name+layout.name]
					if limit == "" {
						limit = "limit_fours"
					}
					work := 2 * float64(rows*(4*hidden*hidden+2*hidden*width)) / 1e9
					for b.Loop() {
						var layer, most float64
						for range 3 {
							layer = max(layer, k.evaluate("rate", work, "layer"))
							most = max(most, k.evaluate("rate", 1000*generator.LimitOperations/1e9, limit, 1000))
						}
						b.ReportMetric(100*layer/most, "%_of_limit")
						b.ReportMetric(work/layer*1e6, "µs")
						b.ReportMetric(most, "limit_G/s")
					}
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
