package avx2_test

import (
	"sync"
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2"
	"github.com/effir/effir/wasm/kernel/conformance"
)

func TestAVX2(t *testing.T) {
	if !avx2.Supported() {
		t.Skip("this processor has no AVX2 with F16C")
	}
	conformance.Run(t, func(*testing.T) kernel.Kernels { return avx2.New() })
}

func TestAVXVNNI(t *testing.T) {
	if !avx2.AVXVNNISupported() {
		t.Skip("this processor has no AVX-VNNI")
	}
	conformance.Run(t, func(*testing.T) kernel.Kernels { return avx2.NewAVXVNNI() })
}

func TestVNNI(t *testing.T) {
	if !avx2.VNNISupported() {
		t.Skip("this processor has no AVX-512 VNNI")
	}
	conformance.Run(t, func(*testing.T) kernel.Kernels { return avx2.NewVNNI() })
}

// Sizes outside of an operation's contract and ranges that were not allocated
// panic before any assembly runs.
func TestRefusesSizes(t *testing.T) {
	for _, k := range implementations() {
		p := alloc(t, k, 1<<16)
		end := p.Add(4 << 16)
		for name, call := range map[string]func(){
			"Embed dim":          func() { k.Embed(p, p, p, 1, 33) },
			"Embed id":           func() { k.Write(p, []byte{0, 0, 0, 1}); k.Embed(p, p, p, 1, 32) },
			"Embed table":        func() { k.Write(p, []byte{0, 0, 0, 0}); k.Embed(p, end.Add(-33), p, 1, 32) },
			"EmbedQ4 dim":        func() { k.EmbedQ4(p, p, p, 1, 33) },
			"EmbedQ4 id":         func() { k.Write(p, []byte{0, 0, 0, 1}); k.EmbedQ4(p, p, p, 1, 32) },
			"EmbedQ4 table":      func() { k.Write(p, []byte{0, 0, 0, 0}); k.EmbedQ4(p, end.Add(-17), p, 1, 32) },
			"LayerNorm dim":      func() { k.LayerNorm(p, p, p, p, 1, 12, 1) },
			"LayerNorm x":        func() { k.LayerNorm(p, end.Add(-32), p, p, 2, 8, 1) },
			"LayerNorm w":        func() { k.LayerNorm(p, p, end.Add(-28), p, 2, 8, 1) },
			"LayerNorm b":        func() { k.LayerNorm(p, p, p, end.Add(-28), 2, 8, 1) },
			"RMSNorm dim":        func() { k.RMSNorm(p, p, p, 1, 12, 1) },
			"RMSNorm x":          func() { k.RMSNorm(p, end.Add(-32), p, 2, 8, 1) },
			"RMSNorm w":          func() { k.RMSNorm(p, p, end.Add(-28), 2, 8, 1) },
			"Quantise dim":       func() { k.Quantise(p, p, p, p, 1, 16) },
			"Quantise q":         func() { k.Quantise(end.Add(-31), p, p, p, 1, 32) },
			"Quantise scale":     func() { k.Quantise(p, end.Add(-4), p, p, 1, 64) },
			"Quantise sums":      func() { k.Quantise(p, p, end.Add(-4), p, 1, 64) },
			"Quantise x":         func() { k.Quantise(p, p, p, end.Add(-252), 2, 32) },
			"MatMulQ4 n":         func() { k.MatMulQ4(p, p, p, p, p, 1, 12, 32) },
			"MatMulQ4 k":         func() { k.MatMulQ4(p, p, p, p, p, 1, 8, 40) },
			"MatMulQ4 k > max":   func() { k.MatMulQ4(p, p, p, p, p, 1, 8, 16384+32) },
			"MatMulQ4 out":       func() { k.MatMulQ4(end.Add(-60), p, p, p, p, 1, 16, 32) },
			"MatMulQ4 q":         func() { k.MatMulQ4(p, end.Add(-31), p, p, p, 1, 8, 32) },
			"MatMulQ4 scale":     func() { k.MatMulQ4(p, p, end.Add(-4), p, p, 1, 8, 64) },
			"MatMulQ4 sums":      func() { k.MatMulQ4(p, p, p, end.Add(-4), p, 1, 8, 64) },
			"MatMulQ4 w":         func() { k.MatMulQ4(p, p, p, p, end.Add(-319), 1, 16, 32) },
			"MatMulQ7 n":         func() { k.MatMulQ7(p, p, p, p, p, 1, 12, 32) },
			"MatMulQ7 k":         func() { k.MatMulQ7(p, p, p, p, p, 1, 8, 40) },
			"MatMulQ7 k > max":   func() { k.MatMulQ7(p, p, p, p, p, 1, 8, 16384+32) },
			"MatMulQ7 w":         func() { k.MatMulQ7(p, p, p, p, end.Add(-575), 1, 16, 32) },
			"RoPE headDim":       func() { k.RoPE(p, p, 1, 1, 24, 24) },
			"RoPE stride":        func() { k.RoPE(p, p, 2, 2, 16, 16) },
			"RoPE x":             func() { k.RoPE(end.Add(-68), p, 2, 1, 16, 16) },
			"Attention headDim":  func() { k.Attention(p, p, p, 1, 1, 1, 24, 1, false) },
			"Attention heads":    func() { k.Attention(p, p, p, 1, 3, 2, 16, 1, false) },
			"Attention kvHeads":  func() { k.Attention(p, p, p, 1, 3, 0, 16, 1, false) },
			"Attention scratch":  func() { k.Attention(p, p, end.Add(-4*8*24+4), 1, 1, 1, 16, 1, false) },
			"SwiGLU dim":         func() { k.SwiGLU(p, p, 1, 4) },
			"SwiGLU x":           func() { k.SwiGLU(p, end.Add(-60), 1, 8) },
			"GELU dim":           func() { k.GELU(p, p, 1, 4) },
			"GELU b":             func() { k.GELU(p, end.Add(-28), 1, 8) },
			"Bias dim":           func() { k.Bias(p, p, 1, 4) },
			"Bias x":             func() { k.Bias(end.Add(-60), p, 2, 8) },
			"Add count":          func() { k.Add(p, p, 7) },
			"Add y":              func() { k.Add(p, end.Add(-28), 8) },
			"MeanPool dim":       func() { k.MeanPool(p, p, 1, 4) },
			"MeanPool rows":      func() { k.MeanPool(p, p, 0, 8) },
			"Dense n":            func() { k.Dense(p, p, p, p, 4, 8) },
			"Dense w":            func() { k.Dense(p, p, end.Add(-60), p, 8, 2) },
			"Normalise dim":      func() { k.Normalise(p, 4) },
			"DotI8 dim":          func() { k.DotI8(p, p, p, 1, 8) },
			"DotI8 dim > max":    func() { k.DotI8(p, p, p, 1, 65536+16) },
			"DotI8 vectors":      func() { k.DotI8(p, p, end.Add(-79), 5, 16) },
			"Score count":        func() { k.Score(p, p, p, -1, 1, 0) },
			"Score found":        func() { k.Score(end.Add(-60), p, p, 8, 1, 0) },
			"Score x":            func() { k.Score(p, end.Add(-28), p, 8, 1, 0) },
			"Score scales":       func() { k.Score(p, p, end.Add(-28), 8, 1, 0) },
			"Hamming size":       func() { k.Hamming(p, p, p, 1, 8) },
			"Hamming size > max": func() { k.Hamming(p, p, p, 1, 65536+16) },
			"Hamming vectors":    func() { k.Hamming(p, p, end.Add(-79), 5, 16) },
			"negative":           func() { k.Add(p, p, -8) },
			"misaligned":         func() { k.Add(p, p.Add(2), 8) },
		} {
			t.Run(k.Name()+"/"+name, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				call()
			})
		}
	}
}

// Operations allocate nothing.
func TestAllocations(t *testing.T) {
	for _, k := range implementations() {
		p, q := alloc(t, k, 1<<16), alloc(t, k, 1<<16)
		for name, call := range map[string]func(){
			"Embed":     func() { k.Embed(p, q, q, 2, 64) },
			"EmbedQ4":   func() { k.EmbedQ4(p, q, q, 2, 64) },
			"RMSNorm":   func() { k.RMSNorm(p, q, q, 2, 64, 1) },
			"LayerNorm": func() { k.LayerNorm(p, q, q, q, 2, 64, 1) },
			"Quantise":  func() { k.Quantise(p, p.Add(256), p.Add(512), q, 2, 64) },
			"MatMulQ4":  func() { k.MatMulQ4(p, q, q, q, q, 15, 24, 64) },
			"MatMulQ7":  func() { k.MatMulQ7(p, q, q, q, q, 15, 24, 64) },
			"RoPE":      func() { k.RoPE(p, q, 2, 2, 32, 64) },
			"Attention": func() { k.Attention(p, q, p.Add(1<<15), 15, 4, 2, 32, 1, true) },
			"SwiGLU":    func() { k.SwiGLU(p, q, 2, 64) },
			"GELU":      func() { k.GELU(p, q, 2, 72) },
			"Bias":      func() { k.Bias(p, q, 2, 64) },
			"Add":       func() { k.Add(p, q, 64) },
			"MeanPool":  func() { k.MeanPool(p, q, 2, 64) },
			"Dense":     func() { k.Dense(p, q, q, q, 16, 16) },
			"Normalise": func() { k.Normalise(p, 64) },
			"Hamming":   func() { k.Hamming(p, q, q, 6, 64) },
			"DotI8":     func() { k.DotI8(p, q, q, 6, 64) },
			"Score":     func() { k.Score(p, q, q.Add(1<<10), 99, 1, 0) },
		} {
			if n := testing.AllocsPerRun(10, call); n != 0 {
				t.Errorf("%s: %s allocates %v times", k.Name(), name, n)
			}
		}
	}
}

// Goroutines that compute different rows give what one gives.
func TestConcurrentRows(t *testing.T) {
	const rows, n, inputs, parts = 64, 64, 256, 8
	for _, k := range implementations() {
		x, q := alloc(t, k, rows*inputs), alloc(t, k, rows*inputs/4)
		scale, sums := alloc(t, k, rows*inputs/kernel.Group), alloc(t, k, rows*inputs/kernel.Group)
		w, weights := alloc(t, k, kernel.Q4Bytes(n, inputs)/4), make([]float32, n*inputs)
		out := [2]kernel.Ptr{alloc(t, k, rows*n), alloc(t, k, rows*n)}
		fill(k, x, rows*inputs)
		copy(weights, k.Floats(x, rows*inputs))
		k.Write(w, kernel.PackQ4(weights, n, inputs))
		k.Quantise(q, scale, sums, x, rows, inputs)
		k.MatMulQ4(out[0], q, scale, sums, w, rows, n, inputs)
		for range 20 {
			var wait sync.WaitGroup
			for part := range parts {
				wait.Go(func() {
					const count = rows / parts
					row := part * count
					group := row * inputs / kernel.Group
					k.MatMulQ4(out[1].Add(4*row*n), q.Add(row*inputs), scale.Add(4*group),
						sums.Add(4*group), w, count, n, inputs)
				})
			}
			wait.Wait()
			want, got := k.Floats(out[0], rows*n), k.Floats(out[1], rows*n)
			for i := range want {
				if want[i] != got[i] {
					t.Fatalf("%s: value %d is %v, alone %v", k.Name(), i, got[i], want[i])
				}
			}
			clear(got)
		}
	}
}
