//go:build wasm

package wasmimport_test

import (
	"testing"

	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/conformance"
	"github.com/effir/effir/wasm/kernel/wasmimport"
)

func TestConformance(t *testing.T) {
	conformance.Run(t, func(*testing.T) kernel.Kernels { return wasmimport.Kernels{} })
}

func TestNoAllocations(t *testing.T) {
	k := wasmimport.Kernels{}
	p, err := k.Alloc(1 << 16)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n := testing.AllocsPerRun(10, func() {
		k.Write(p, b)
		k.Read(b, p)
		k.RMSNorm(p, p, p, 2, 64, 1e-5)
		k.Attention(p, p.Add(1<<14), p.Add(1<<15), 4, 2, 1, 16, 0.25, true)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
