package simd128_test

import (
	"bytes"
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
			t.Run("relaxed in fours", func(t *testing.T) {
				conformance.Run(t, func(t *testing.T) kernel.Kernels {
					k := newChromiumKernels(t, page, simd128.Relaxed)
					k.operate("dot_in_fours", 1)
					return k
				}, "MatMulQ4", "MatMulQ7")
			})
		})
	}
}
