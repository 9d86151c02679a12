package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2/limits"
)

// operation is a kernel that is no product, on the rows of a batch of MiniLM or SmolLM2.
type operation struct {
	kernels, name string
	count         float64 // of values, bytes or multiplications and additions in one call
	call          func()

	limits []part
	bytes  []byte // as many as a scan reads
}

// part is what a call amounts to in one of the limits. The time of parts adds up.
type part struct {
	limit limits.Operation
	count float64
}

func (o operation) series() string { return fmt.Sprintf("kernel %s, %s", o.kernels, o.name) }

func (o operation) limitSeries() string { return fmt.Sprintf("limit of %s, %s", o.kernels, o.name) }

func (o operation) measurements() []measure.Case {
	return []measure.Case{
		{Name: o.series(), Unit: "G/s", Run: func(context.Context) (float64, error) { return fastest(o.count, o.call), nil }},
		{Name: o.limitSeries(), Unit: "G/s", Run: func(context.Context) (float64, error) { return o.limit(), nil }},
	}
}

// limit is the rate that the operation cannot exceed: its arithmetic on registers alone, or reading its
// bytes where that takes longer.
func (o operation) limit() float64 {
	const rounds = 1000
	arithmetic, nanoseconds := limits.Operations(o.kernels), 0.0
	for _, p := range o.limits {
		l := arithmetic[p.limit]
		nanoseconds += p.count / fastest(float64(rounds*l.Count), func() { l.Run(rounds) })
	}
	if len(o.bytes) > 0 {
		size := float64(len(o.bytes))
		nanoseconds = max(nanoseconds, size/fastest(size, func() { limits.Read(o.bytes) }))
	}
	return o.count / nanoseconds
}

// The names of operations, in the order of the report.
var operationNames = []string{
	"attention (MiniLM)", "attention (SmolLM2)", "quantise", "GELU", "SwiGLU", "LayerNorm", "RMSNorm", "RoPE", "scan of int8", "scan of bits",
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
	one := func(limit limits.Operation, count float64) []part { return []part{{limit, count}} }
	attention := func(heads, dim, pairs float64) []part {
		return []part{{limits.Attention, 4 * heads * dim * pairs}, {limits.Softmax, heads * pairs}}
	}
	calls := []struct {
		limits []part // the first counts
		call   func()
	}{
		{attention(12, 32, rows*rows), func() { k.Attention(y, x, scratch, rows, 12, 12, 32, 0.177, false) }},
		{attention(9, 64, rows*(rows+1)/2), func() { k.Attention(y, x, scratch, rows, 9, 3, 64, 0.125, true) }},
		{one(limits.Quantise, rows*width), func() { k.Quantise(scanned, scale, scale, x, rows, width) }},
		{one(limits.GELU, rows*width), func() { k.GELU(z, w, rows, width) }},
		{one(limits.SwiGLU, rows*width), func() { k.SwiGLU(y, x, rows, width) }},
		{one(limits.LayerNorm, rows*hidden), func() { k.LayerNorm(y, x, w, w, rows, hidden, 1e-12) }},
		{one(limits.RMSNorm, rows*hidden), func() { k.RMSNorm(y, x, w, rows, hidden, 1e-5) }},
		{one(limits.RoPE, rows*12*64), func() { k.RoPE(z, x, rows, 12, 64, 960) }},
		{one(limits.DotI8, vectors*hidden), func() { k.DotI8(y, x, scanned, vectors, hidden) }},
		{one(limits.Hamming, vectors*hidden/8), func() { k.Hamming(y, x, scanned, vectors, hidden/8) }},
	}
	var list []operation
	for i, c := range calls {
		o := operation{kernels: k.Name(), name: operationNames[i], count: c.limits[0].count, call: c.call, limits: c.limits}
		if first := c.limits[0].limit; first == limits.DotI8 || first == limits.Hamming {
			o.bytes = bytes.Repeat([]byte{1}, int(o.count)) // memory that nobody wrote is one page of zeros
		}
		list = append(list, o)
	}
	return list, nil
}
