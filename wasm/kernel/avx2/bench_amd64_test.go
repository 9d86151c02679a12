package avx2_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/effir/effir/internal/rate"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2"
	"github.com/effir/effir/wasm/kernel/avx2/internal/limit"
)

// implementations are the kernels that this processor can run.
func implementations() []*avx2.Kernels {
	var all []*avx2.Kernels
	if avx2.Supported() {
		all = append(all, avx2.New())
	}
	if avx2.AVXVNNISupported() {
		all = append(all, avx2.NewAVXVNNI())
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

// BenchmarkMatMul reports 10^9 operations a second, 2*rows*n*k each product, in
// the shapes of MiniLM and SmolLM2-135M.
func BenchmarkMatMul(b *testing.B) {
	const maxRows, maxSize = 512, 1536
	for _, k := range implementations() {
		x, q := alloc(b, k, maxRows*maxSize), alloc(b, k, maxRows*maxSize/4)
		scale, sums := alloc(b, k, maxRows*maxSize/kernel.Group), alloc(b, k, maxRows*maxSize/kernel.Group)
		out, w := alloc(b, k, maxRows*maxSize), alloc(b, k, kernel.Q7Bytes(maxSize, maxSize)/4)
		fill(k, x, maxRows*maxSize)
		weights := append([]float32(nil), k.Floats(x, maxRows*maxSize)...)
		weights = append(weights, weights...)
		for _, layout := range []struct {
			name     string
			pack     func(w []float32, n, k int) []byte
			multiply func(out, q, scale, sums, w kernel.Ptr, rows, n, k int)
		}{{"q4", kernel.PackQ4, k.MatMulQ4}, {"q7", kernel.PackQ7, k.MatMulQ7}} {
			for _, shape := range [][2]int{{384, 1536}, {1536, 384}, {576, 1536}} {
				inputs, n := shape[0], shape[1]
				k.Write(w, layout.pack(weights[:n*inputs], n, inputs))
				for _, rows := range []int{1, 4, 8, 16, 64, 512} {
					k.Quantise(q, scale, sums, x, rows, inputs)
					b.Run(fmt.Sprintf("%s/%s/k=%d/n=%d/rows=%d", k.Name(), layout.name, inputs, n, rows), func(b *testing.B) {
						report(b, 2*float64(rows)*float64(n)*float64(inputs), func() {
							layout.multiply(out, q, scale, sums, w, rows, n, inputs)
						})
					})
				}
			}
		}
	}
}

// BenchmarkLimit reports what the arithmetic of products allows.
func BenchmarkLimit(b *testing.B) {
	const rounds = 1000
	for _, l := range []struct {
		name          string
		supported     bool
		rows, columns int
		run           func(rounds int)
	}{
		{"avx2/q4", avx2.Supported(), 6, 8, limit.Q4},
		{"avx2/q7", avx2.Supported(), 6, 8, limit.Q7},
		{"avx512vnni", avx2.VNNISupported(), 8, 16, limit.VNNI},
	} {
		if !l.supported {
			continue
		}
		b.Run(l.name, func(b *testing.B) {
			report(b, float64(rounds*2*l.rows*l.columns*kernel.Group), func() { l.run(rounds) })
		})
	}
}

// BenchmarkAttention reports 10^9 operations a second of one layer: causal with 9
// query heads and 3 key/value heads of 64 (SmolLM2-135M), or with 12 heads of 32
// that see all (MiniLM).
func BenchmarkAttention(b *testing.B) {
	for _, k := range implementations() {
		for _, rows := range []int{16, 64, 85, 512} {
			qkv, out := alloc(b, k, rows*1152), alloc(b, k, rows*576)
			scratch := alloc(b, k, kernel.AttentionScratch(rows, 64)/4)
			fill(k, qkv, rows*1152)
			b.Run(fmt.Sprintf("%s/smollm/rows=%d", k.Name(), rows), func(b *testing.B) {
				report(b, 2*9*64*float64(rows)*float64(rows+1), func() {
					k.Attention(out, qkv, scratch, rows, 9, 3, 64, 0.125, true)
				})
			})
			b.Run(fmt.Sprintf("%s/minilm/rows=%d", k.Name(), rows), func(b *testing.B) {
				report(b, 4*12*32*float64(rows)*float64(rows), func() {
					k.Attention(out, qkv, scratch, rows, 12, 12, 32, 0.177, false)
				})
			})
		}
	}
}

// BenchmarkRows reports 10^9 values a second of the operations on rows, 16 rows of
// MiniLM.
func BenchmarkRows(b *testing.B) {
	const rows, hidden, width = 16, 384, 1536
	for _, k := range implementations() {
		x, y, w := alloc(b, k, rows*2*width), alloc(b, k, rows*2*width), alloc(b, k, width)
		scale, sums := alloc(b, k, rows*width/kernel.Group), alloc(b, k, rows*width/kernel.Group)
		fill(k, x, rows*2*width)
		fill(k, w, width)
		for _, operation := range []struct {
			name  string
			count int
			call  func()
		}{
			{"RMSNorm", rows * hidden, func() { k.RMSNorm(y, x, w, rows, hidden, 1e-5) }},
			{"LayerNorm", rows * hidden, func() { k.LayerNorm(y, x, w, w, rows, hidden, 1e-12) }},
			{"Quantise", rows * width, func() { k.Quantise(y, scale, sums, x, rows, width) }},
			{"SwiGLU", rows * width, func() { k.SwiGLU(y, x, rows, width) }},
			{"GELU", rows * width, func() { k.GELU(y, w, rows, width) }},
			{"Bias", rows * width, func() { k.Bias(y, w, rows, width) }},
			{"Add", rows * hidden, func() { k.Add(y, x, rows*hidden) }},
		} {
			b.Run(k.Name()+"/"+operation.name, func(b *testing.B) {
				report(b, float64(operation.count), operation.call)
			})
		}
	}
}

// BenchmarkScan reports 10^9 bytes of vectors a second.
func BenchmarkScan(b *testing.B) {
	const count = 10000
	for _, k := range implementations() {
		query, vectors, out := alloc(b, k, 384/4), alloc(b, k, count*384/4), alloc(b, k, count)
		fill(k, vectors, count*384/4)
		b.Run(k.Name()+"/DotI8", func(b *testing.B) {
			report(b, count*384, func() { k.DotI8(out, query, vectors, count, 384) })
		})
		found, scales := alloc(b, k, 2*count), alloc(b, k, count)
		b.Run(k.Name()+"/Score", func(b *testing.B) { // of zeros: scores a second
			report(b, count, func() { k.Score(found, scales, scales, count, 1, 1) })
		})
		b.Run(k.Name()+"/Hamming", func(b *testing.B) {
			report(b, count*48, func() { k.Hamming(out, query, vectors, count, 48) })
		})
	}
}

// report measures calls of the given number of operations.
func report(b *testing.B, operations float64, call func()) {
	for b.Loop() {
		b.ReportMetric(rate.Best(time.Second/5, operations, call), "G/s")
	}
	b.ReportMetric(0, "ns/op")
}
