package wazerokernel_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/internal/rate"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/conformance"
	"github.com/effir/effir/wasm/kernel/wazerokernel"
)

func open(t testing.TB) *wazerokernel.Kernels {
	k, err := wazerokernel.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T) kernel.Kernels { return open(t) })
}

// A size that an operation's contract excludes panics, and the instance goes on
// working.
func TestRefusesSizes(t *testing.T) {
	k := open(t)
	p, err := k.Alloc(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(){
		"Embed dim":          func() { k.Embed(p, p, p, 1, 33) },
		"EmbedQ4 dim":        func() { k.EmbedQ4(p, p, p, 1, 33) },
		"LayerNorm dim":      func() { k.LayerNorm(p, p, p, p, 1, 12, 1) },
		"RMSNorm dim":        func() { k.RMSNorm(p, p, p, 1, 12, 1) },
		"Quantise dim":       func() { k.Quantise(p, p, p, p, 1, 16) },
		"MatMulQ4 n":         func() { k.MatMulQ4(p, p, p, p, p, 1, 12, 32) },
		"MatMulQ4 k":         func() { k.MatMulQ4(p, p, p, p, p, 1, 8, 40) },
		"MatMulQ4 k > max":   func() { k.MatMulQ4(p, p, p, p, p, 1, 8, 16384+32) },
		"MatMulQ7 n":         func() { k.MatMulQ7(p, p, p, p, p, 1, 12, 32) },
		"MatMulQ7 k":         func() { k.MatMulQ7(p, p, p, p, p, 1, 8, 40) },
		"MatMulQ7 k > max":   func() { k.MatMulQ7(p, p, p, p, p, 1, 8, 16384+32) },
		"RoPE headDim":       func() { k.RoPE(p, p, 1, 1, 24, 24) },
		"Attention headDim":  func() { k.Attention(p, p, p, 1, 1, 1, 24, 1, false) },
		"SwiGLU dim":         func() { k.SwiGLU(p, p, 1, 4) },
		"GELU dim":           func() { k.GELU(p, p, 1, 4) },
		"Bias dim":           func() { k.Bias(p, p, 1, 4) },
		"Add count":          func() { k.Add(p, p, 7) },
		"MeanPool dim":       func() { k.MeanPool(p, p, 1, 4) },
		"MeanPool rows":      func() { k.MeanPool(p, p, 0, 8) },
		"Dense n":            func() { k.Dense(p, p, p, p, 4, 8) },
		"Normalise dim":      func() { k.Normalise(p, 4) },
		"DotI8 dim":          func() { k.DotI8(p, p, p, 1, 8) },
		"DotI8 dim > max":    func() { k.DotI8(p, p, p, 1, 65536+16) },
		"Hamming size":       func() { k.Hamming(p, p, p, 1, 8) },
		"Hamming size > max": func() { k.Hamming(p, p, p, 1, 65536+16) },
		"negative":           func() { k.Add(p, p, -8) },
		"past the memory":    func() { k.Add(p, p, 1<<28) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil {
					t.Error("no panic")
				} else if !strings.Contains(fmt.Sprint(r), "wazerokernel: ") {
					t.Errorf("panic %q does not say whose it is", r)
				}
			}()
			call()
		})
	}
	k.Write(p, binary.LittleEndian.AppendUint32(make([]byte, 28), 0x40000000))
	k.Add(p, p, 8)
	got := make([]byte, 32)
	if k.Read(got, p); binary.LittleEndian.Uint32(got[28:]) != 0x40800000 {
		t.Errorf("after the traps 2 + 2 has bits %x", got[28:])
	}
}

// A scan touches what follows the vectors, but nothing behind the memory.
func TestScanToTheEndOfMemory(t *testing.T) {
	const page, dim = 1 << 16, 48
	k := open(t)
	top, err := k.Alloc(1000)
	if err != nil {
		t.Fatal(err)
	}
	end := (top + 1000 + page - 1) / page * page
	if _, err := k.Alloc(int(end - (top+1000+63)/64*64)); err != nil {
		t.Fatal(err)
	}
	for count := range 130 {
		k.DotI8(top, top, end.Add(-count*dim), count, dim)
	}
}

// Operations share the module's scratch: they must wait for each other.
func TestConcurrent(t *testing.T) {
	const n, inputs, rows, workers = 64, 256, 5, 8
	k := open(t)
	sizes := []int{4 * rows * n, rows * inputs, rows * inputs / 8, rows * inputs / 8, kernel.Q4Bytes(n, inputs)}
	var p [workers][5]kernel.Ptr
	for w := range workers {
		for i, size := range sizes {
			var err error
			if p[w][i], err = k.Alloc(size); err != nil {
				t.Fatal(err)
			}
		}
		k.Write(p[w][1], bytes.Repeat([]byte{byte(w), 3, 0xf0}, rows*inputs/3))
		k.Write(p[w][2], bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, sizes[2]/4)) // scales of 1
		k.Write(p[w][4], bytes.Repeat([]byte{byte(0x30 + w), 0x24}, sizes[4]/2))
	}
	run := func(w int) []byte {
		k.MatMulQ4(p[w][0], p[w][1], p[w][2], p[w][3], p[w][4], rows, n, inputs)
		out := make([]byte, sizes[0])
		k.Read(out, p[w][0])
		return out
	}
	var want [workers][]byte
	for w := range workers {
		want[w] = run(w)
		if w > 0 && bytes.Equal(want[w], want[w-1]) {
			t.Fatal("two workers have the same product: a mix-up would not show")
		}
	}
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for range 50 {
				if !bytes.Equal(run(w), want[w]) {
					t.Errorf("worker %d: the product differs from when it ran alone", w)
					return
				}
			}
		})
	}
	wait.Wait()
}

// BenchmarkMatMul reports 10^9 operations a second, 2*rows*n*k each product.
func BenchmarkMatMul(b *testing.B) {
	k := open(b)
	for _, layout := range []struct {
		name     string
		size     func(n, k int) int
		multiply func(out, q, scale, sums, w kernel.Ptr, rows, n, k int)
	}{{"q4", kernel.Q4Bytes, k.MatMulQ4}, {"q7", kernel.Q7Bytes, k.MatMulQ7}} {
		for _, shape := range [][2]int{{1536, 384}, {384, 1536}} {
			n, inputs := shape[0], shape[1]
			for _, rows := range []int{1, 4, 16, 64} {
				b.Run(fmt.Sprintf("%s/k=%d/n=%d/rows=%d", layout.name, inputs, n, rows), func(b *testing.B) {
					var p [5]kernel.Ptr
					for i, size := range []int{4 * rows * n, rows * inputs, rows * inputs / 8, rows * inputs / 8, layout.size(n, inputs)} {
						var err error
						if p[i], err = k.Alloc(size); err != nil {
							b.Fatal(err)
						}
					}
					for b.Loop() {
						b.ReportMetric(rate.Best(time.Second/5, 2*float64(rows*n*inputs), func() {
							layout.multiply(p[0], p[1], p[2], p[3], p[4], rows, n, inputs)
						}), "G/s")
					}
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
