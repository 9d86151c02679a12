package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/wasm/kernel"
)

// operation is a kernel that is no product, on the rows of a batch of MiniLM or SmolLM2.
type operation struct {
	kernels, name string
	count         float64 // of values or multiplications and additions in one call
	call          func()
}

func (o operation) series() string { return fmt.Sprintf("kernel %s, %s", o.kernels, o.name) }

func (o operation) measurement() measure.Case {
	return measure.Case{Name: o.series(), Unit: "G/s", Run: func(context.Context) (float64, error) {
		return fastest(o.count, o.call), nil
	}}
}

// The names of operations, in the order of the report.
var operationNames = []string{
	"attention (MiniLM)", "attention (SmolLM2)", "quantise", "GELU", "SwiGLU", "LayerNorm", "RMSNorm", "scan of int8", "scan of bits",
}

// newOperations returns the operations of kernels in the order of operationNames.
func newOperations(k kernel.Kernels) ([]operation, error) {
	const rows, hidden, width, vectors = 64, 384, 1536, 4096
	var at [5]kernel.Ptr
	for i, size := range []int{4 * rows * 2 * width, 4 * rows * 2 * width, 4 * rows * width, 4 * width, vectors * hidden} {
		var err error
		if at[i], err = k.Alloc(size); err != nil {
			return nil, err
		}
	}
	x, y, z, w, scanned := at[0], at[1], at[2], at[3], at[4] // z: in place
	scale, err := k.Alloc(rows * width / 8)
	if err != nil {
		return nil, err
	}
	scratch, err := k.Alloc(kernel.AttentionScratch(rows, 64))
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(3, 4))
	k.Write(x, floatBytes(normal(random, rows*2*width)))
	k.Write(z, floatBytes(normal(random, rows*width)))
	k.Write(w, floatBytes(normal(random, width)))
	calls := []struct {
		count float64
		call  func()
	}{
		{4 * 12 * 32 * rows * rows, func() { k.Attention(y, x, scratch, rows, 12, 12, 32, 0.177, false) }},
		{2 * 9 * 64 * rows * (rows + 1), func() { k.Attention(y, x, scratch, rows, 9, 3, 64, 0.125, true) }},
		{rows * width, func() { k.Quantise(scanned, scale, scale, x, rows, width) }},
		{rows * width, func() { k.GELU(z, w, rows, width) }},
		{rows * width, func() { k.SwiGLU(y, x, rows, width) }},
		{rows * hidden, func() { k.LayerNorm(y, x, w, w, rows, hidden, 1e-12) }},
		{rows * hidden, func() { k.RMSNorm(y, x, w, rows, hidden, 1e-5) }},
		{vectors * hidden, func() { k.DotI8(y, x, scanned, vectors, hidden) }},
		{vectors * hidden, func() { k.Hamming(y, x, scanned, vectors, hidden/8) }},
	}
	var list []operation
	for i, c := range calls {
		list = append(list, operation{k.Name(), operationNames[i], c.count, c.call})
	}
	return list, nil
}
