package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel/simd128/generator"
	"github.com/effir/effir/wasm/model"
)

// matrices are the outputs and inputs of the products of one layer.
var matrices = map[string][][2]int{
	"MiniLM":  {{1152, 384}, {384, 384}, {1536, 384}, {384, 1536}},
	"SmolLM2": {{960, 576}, {576, 576}, {3072, 576}, {576, 1536}},
}

var (
	kernels    = []string{"mat_mul_q4", "mat_mul_q7"}
	kernelRows = []int{8, 16, 64, 128}
)

// rateCase names a kernel's series; limitCase that of its arithmetic.
func rateCase(kernel, layer string, rows int) string {
	return fmt.Sprintf("%s, %s layer, %d rows", kernel, layer, rows)
}

func limitCase(kernel string) string { return strings.Replace(kernel, "mat_mul", "limit", 1) }

// kernelCases returns the cases of the kernels, in the page of an effir system.
func (b *bench) kernelCases(t *tab) ([]measure.Case, error) {
	var cases []measure.Case
	addCase := func(name, unit, method string, parameters ...any) error {
		run := func(context.Context) (float64, error) { return call[float64](t, method, parameters...) }
		if _, err := run(context.Background()); err != nil { // also warms it up
			return err
		}
		cases = append(cases, measure.Case{Name: name, Unit: unit, Run: run})
		return nil
	}
	add := func(name, kernel string, parameters ...any) error {
		return addCase(name, "GOP/s", "rate", append([]any{kernel}, parameters...)...)
	}
	for _, kernel := range kernels {
		if err := add(limitCase(kernel), limitCase(kernel)); err != nil {
			return nil, err // without relaxed SIMD
		}
		for layer, shape := range matrices {
			for _, rows := range kernelRows {
				parameters := []any{rows}
				for _, m := range shape {
					parameters = append(parameters, m[0], m[1])
				}
				if err := add(rateCase(kernel, layer, rows), kernel, parameters...); err != nil {
					return nil, err
				}
			}
		}
	}
	counts := map[string]int{}
	for _, l := range generator.RowLimits {
		counts[l.Name] = l.Count
	}
	for _, name := range operations {
		if err := addCase(name, "G/s", "operation", name); err != nil {
			return nil, err
		}
		if err := addCase(limitOf(name), "G/s", "operation", name, counts); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// operations are the kernels that are no products, as the page calls them, and limitOf the name of the
// limit of one.
var operations = []string{
	"attention (MiniLM)", "attention (SmolLM2)", "quantise", "GELU", "SwiGLU", "LayerNorm", "RMSNorm", "RoPE", "scan of int8", "scan of bits",
}

func limitOf(operation string) string { return "limit of " + operation }

// products returns, by kernel, the operations that a package's layers take in matrix products for a
// text of so many tokens: a multiplication and an addition for each weight
// and row.
func products(m *model.Manifest, tokens int) map[string]float64 {
	operations := map[string]float64{}
	for _, t := range m.Tensors {
		if strings.HasPrefix(t.Name, "layer.") && len(t.Shape) == 2 {
			rows := tokens
			if encoder.OneRow(m, t.Name) {
				rows = 1
			}
			operations["mat_mul_"+t.Type] += 2 * float64(rows) * float64(t.Shape[0]) * float64(t.Shape[1])
		}
	}
	return operations
}

// leastTime returns the milliseconds that a package's products take at the rates of their limits.
func leastTime(m *model.Manifest, tokens int, series []measure.Series) float64 {
	total := 0.0
	for kernel, operations := range products(m, tokens) {
		total += operations / measure.Find(series, limitCase(kernel)).Median() / 1e6
	}
	return total
}
