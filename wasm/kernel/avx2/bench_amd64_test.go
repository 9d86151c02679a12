package avx2_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2"
)

// implementations are the kernels that this processor can run.
func implementations() []*avx2.Kernels {
	var all []*avx2.Kernels
	if avx2.Supported() {
		all = append(all, avx2.New())
	}
	if avx2.VNNISupported() {
		all = append(all, avx2.NewVNNI())
	}
	return all
}

// alloc reserves count floats.
func alloc(t testing.TB, k kernel.Kernels, count int) kernel.Ptr {
	p, err := k.Alloc(4 * count)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fill sets count floats to values drawn from the normal distribution.
func fill(k *avx2.Kernels, p kernel.Ptr, count int) {
	random := rand.New(rand.NewPCG(1, 2))
	v := k.Floats(p, count)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
}

// BenchmarkMatMulQ4 reports 10^9 operations a second, 2*rows*n*k each product.
func BenchmarkMatMulQ4(b *testing.B) {
	const maxRows, maxSize = 256, 1536
	for _, k := range implementations() {
		x, q := alloc(b, k, maxRows*maxSize), alloc(b, k, maxRows*maxSize/4)
		scale, sums := alloc(b, k, maxRows*maxSize/kernel.Group), alloc(b, k, maxRows*maxSize/kernel.Group)
		out, w := alloc(b, k, maxRows*maxSize), alloc(b, k, kernel.Q4Bytes(maxSize, maxSize)/4)
		fill(k, x, maxRows*maxSize)
		source := alloc(b, k, maxSize*960)
		fill(k, source, maxSize*960)
		for _, shape := range [][2]int{{576, 1536}, {1536, 576}, {576, 960}} {
			inputs, n := shape[0], shape[1]
			k.Write(w, kernel.PackQ4(k.Floats(source, n*inputs), n, inputs))
			for _, rows := range []int{1, 4, 16, 64, 256} {
				k.Quantise(q, scale, sums, x, rows, inputs)
				b.Run(fmt.Sprintf("%s/k=%d/n=%d/rows=%d", k.Name(), inputs, n, rows), func(b *testing.B) {
					for b.Loop() {
						k.MatMulQ4(out, q, scale, sums, w, rows, n, inputs)
					}
					report(b, 2*float64(rows)*float64(n)*float64(inputs))
				})
			}
		}
	}
}

// BenchmarkAttention reports 10^9 operations a second of one causal layer of
// SmolLM2-135M: 9 query heads, 3 key/value heads of 64.
func BenchmarkAttention(b *testing.B) {
	const heads, kvHeads, headDim = 9, 3, 64
	for _, k := range implementations()[:1] {
		for _, rows := range []int{16, 64, 256} {
			count := rows * (heads + 2*kvHeads) * headDim
			qkv, out := alloc(b, k, count), alloc(b, k, rows*heads*headDim)
			scratch := alloc(b, k, kernel.AttentionScratch(rows, headDim)/4)
			fill(k, qkv, count)
			b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
				for b.Loop() {
					k.Attention(out, qkv, scratch, rows, heads, kvHeads, headDim, 0.125, true)
				}
				report(b, 2*heads*headDim*float64(rows)*float64(rows+1))
			})
		}
	}
}

// BenchmarkSwiGLU and the others below are of one row of SmolLM2-135M.
func BenchmarkSwiGLU(b *testing.B) {
	for _, k := range implementations()[:1] {
		x, out := alloc(b, k, 2*1536), alloc(b, k, 1536)
		fill(k, x, 2*1536)
		for b.Loop() {
			k.SwiGLU(out, x, 1, 1536)
		}
	}
}

func BenchmarkRMSNorm(b *testing.B) {
	for _, k := range implementations()[:1] {
		x, out, w := alloc(b, k, 576), alloc(b, k, 576), alloc(b, k, 576)
		fill(k, x, 576)
		for b.Loop() {
			k.RMSNorm(out, x, w, 1, 576, 1e-5)
		}
	}
}

func BenchmarkQuantise(b *testing.B) {
	for _, k := range implementations()[:1] {
		x, q := alloc(b, k, 1536), alloc(b, k, 1536/4)
		scale, sums := alloc(b, k, 1536/kernel.Group), alloc(b, k, 1536/kernel.Group)
		fill(k, x, 1536)
		for b.Loop() {
			k.Quantise(q, scale, sums, x, 1, 1536)
		}
	}
}

// BenchmarkDotI8 reports bytes of vectors a second.
func BenchmarkDotI8(b *testing.B) {
	const count, dim = 10000, 256
	for _, k := range implementations()[:1] {
		query, vectors, out := alloc(b, k, dim/4), alloc(b, k, count*dim/4), alloc(b, k, count)
		fill(k, vectors, count*dim/4)
		b.SetBytes(count * dim)
		for b.Loop() {
			k.DotI8(out, query, vectors, count, dim)
		}
	}
}

func report(b *testing.B, operations float64) {
	b.ReportMetric(operations*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
	b.ReportMetric(0, "ns/op")
}
