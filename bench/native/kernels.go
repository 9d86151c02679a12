package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/internal/rate"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2/limits"
	"github.com/effir/effir/wasm/kernel/native"
)

// product is a product of one kind of kernels with one kind of weights, and its limit.
type product struct {
	kernels string
	weights int
	limit   limits.Limit
	shapes  []shape

	prepare, multiply func(s shape)
}

// shape is that of a product: activations [rows, inputs] by weights [inputs, columns].
type shape struct{ rows, inputs, columns int }

func (s shape) operations() float64 {
	return 2 * float64(s.rows) * float64(s.inputs) * float64(s.columns)
}

func (s shape) String() string { return fmt.Sprintf("%d x %d x %d", s.rows, s.inputs, s.columns) }

// productShapes are products of MiniLM and SmolLM2 with a query's and a batch's rows.
var productShapes = []shape{
	{16, 384, 1536}, {16, 1536, 384}, {16, 576, 3072}, {64, 384, 1536}, {64, 1536, 384}, {64, 576, 3072}, {512, 384, 1536},
}

func (p product) series(s shape) string {
	return fmt.Sprintf("kernel %s, %d-bit weights, %s", p.kernels, p.weights, s)
}

func (p product) limitSeries() string {
	return fmt.Sprintf("limit of %s, %d-bit weights", p.kernels, p.weights)
}

// prepareKernels finds the kernels of this processor.
func (b *bench) prepareKernels() error {
	for _, l := range limits.All() {
		k, err := native.Named(l.Kernels)
		if err != nil {
			return err
		}
		p, err := newProduct(k, l)
		if err != nil {
			return err
		}
		b.products = append(b.products, p)
		if l.Weights == 7 { // once for each kind of kernels
			continue
		}
		others, err := newOperations(k)
		if err != nil {
			return err
		}
		b.others = append(b.others, others...)
	}
	return nil
}

func newProduct(k kernel.Kernels, l limits.Limit) (product, error) {
	p := product{kernels: l.Kernels, weights: l.Weights, limit: l, shapes: productShapes}
	rows, inputs, columns := 0, 0, 0
	for _, s := range p.shapes {
		rows, inputs, columns = max(rows, s.rows), max(inputs, s.inputs), max(columns, s.columns)
	}
	var at [5]kernel.Ptr
	for i, size := range []int{4 * rows * inputs, 4 * rows * columns, rows * inputs, rows * inputs / 8, rows * inputs / 8} {
		var err error
		if at[i], err = k.Alloc(size); err != nil {
			return p, err
		}
	}
	x, out, q, scale, sums := at[0], at[1], at[2], at[3], at[4]
	random := rand.New(rand.NewPCG(1, 2))
	k.Write(x, floatBytes(normal(random, rows*inputs)))
	pack, multiply := kernel.PackQ4, k.MatMulQ4
	if l.Weights == 7 {
		pack, multiply = kernel.PackQ7, k.MatMulQ7
	}
	weights := map[shape]kernel.Ptr{}
	for _, s := range p.shapes {
		packed := pack(normal(random, s.columns*s.inputs), s.columns, s.inputs)
		w, err := k.Alloc(len(packed))
		if err != nil {
			return p, err
		}
		k.Write(w, packed)
		weights[s] = w
	}
	p.prepare = func(s shape) { k.Quantise(q, scale, sums, x, s.rows, s.inputs) }
	p.multiply = func(s shape) { multiply(out, q, scale, sums, weights[s], s.rows, s.columns, s.inputs) }
	return p, nil
}

// measurements are the cases of a product and its limit, in 10^9 operations a second.
func (p product) measurements() []measure.Case {
	cases := []measure.Case{{Name: p.limitSeries(), Unit: "GOP/s", Run: func(context.Context) (float64, error) {
		const rounds = 1000
		return fastest(rounds*float64(p.limit.Operations), func() { p.limit.Run(rounds) }), nil
	}}}
	for _, s := range p.shapes {
		cases = append(cases, measure.Case{Name: p.series(s), Unit: "GOP/s", Run: func(context.Context) (float64, error) {
			p.prepare(s)
			return fastest(s.operations(), func() { p.multiply(s) }), nil
		}})
	}
	return cases
}

// fastest is rate.Best in the time of one measurement.
func fastest(operations float64, call func()) float64 {
	return rate.Best(80*time.Millisecond, operations, call)
}

func normal(random *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return values
}

func floatBytes(values []float32) []byte {
	raw := make([]byte, 0, 4*len(values))
	for _, x := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}
