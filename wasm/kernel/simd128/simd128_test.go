package simd128_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/conformance"
	"github.com/effir/effir/wasm/kernel/simd128"
	"github.com/effir/effir/wasm/kernel/simd128/generator"
)

// modules lists both variants with what must have made them.
var modules = []struct {
	name    string
	module  []byte
	variant generator.Variant
}{
	{"baseline", simd128.Baseline, generator.Baseline},
	{"relaxed", simd128.Relaxed, generator.Relaxed},
}

func TestUpToDate(t *testing.T) {
	for _, m := range modules {
		if !bytes.Equal(m.module, generator.Module(m.variant)) {
			t.Errorf("kernels_%s.wasm is not what the generator emits; run go generate", m.name)
		}
	}
}

// V8 has two compilers for WebAssembly. The first makes code quickly, the second
// replaces it where that runs often.
func TestConformanceChromium(t *testing.T) {
	for _, compiler := range []struct{ name, flags string }{
		{"first compiler", "--liftoff-only"},
		{"second compiler", "--no-liftoff"},
	} {
		t.Run(compiler.name, func(t *testing.T) {
			page := browser(t, compiler.flags)
			for _, m := range modules {
				t.Run(m.name, func(t *testing.T) {
					conformance.Run(t, func(t *testing.T) kernel.Kernels {
						return newChromiumKernels(t, page, m.module)
					})
				})
			}
		})
	}
}

// BenchmarkMatMulQ4Chromium times products in the page, in windows of some 10 ms,
// and reports the rate of the best: on a shared machine the others measure the
// neighbours.
func BenchmarkMatMulQ4Chromium(b *testing.B) {
	page := browser(b, "")
	for _, m := range modules {
		for _, shape := range [][2]int{{1536, 576}, {576, 1536}} {
			for _, rows := range []int{1, 4, 16, 64, 128} {
				n, inputs := shape[0], shape[1]
				b.Run(fmt.Sprintf("%s/n=%d/k=%d/rows=%d", m.name, n, inputs, rows), func(b *testing.B) {
					benchmarkMatMulQ4(b, newChromiumKernels(b, page, m.module), rows, n, inputs)
				})
			}
		}
	}
}

func benchmarkMatMulQ4(b *testing.B, k chromiumKernels, rows, n, inputs int) {
	var p [5]kernel.Ptr
	for i, size := range []int{4 * rows * n, rows * inputs, rows * inputs / 8, rows * inputs / 8, kernel.Q4Bytes(n, inputs)} {
		var err error
		if p[i], err = k.Alloc(size); err != nil {
			b.Fatal(err)
		}
	}
	k.Write(p[1], bytes.Repeat([]byte{1, 0x81, 90}, rows*inputs/3))
	k.Write(p[4], bytes.Repeat([]byte{0x12, 0x24}, kernel.Q4Bytes(n, inputs)/2))

	work := 2 * float64(rows*n*inputs) / 1e9
	count := int(0.5/work) + 1
	milliseconds := func() float64 {
		return k.evaluate("time", count, "mat_mul_q4", p[0], p[1], p[2], p[3], p[4], rows, n, inputs)
	}
	for range 10 { // until the second compiler has taken over
		milliseconds()
	}
	best := math.Inf(1)
	for b.Loop() {
		best = min(best, milliseconds())
	}
	b.ReportMetric(work*float64(count)/best*1000, "GOP/s")
	b.ReportMetric(0, "ns/op") // a loop is a window
}
