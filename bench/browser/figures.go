package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/bench/measure"
)

// findings is everything that was measured.
type findings struct {
	series   []measure.Series
	versions map[string]string
}

func (f *findings) find(name string) measure.Series { return measure.Find(f.series, name) }

// figures computes the ratios: peer over ours, above 1 is ours ahead; shares of limits.
func (b *bench) figures(f *findings) []measure.Figure {
	compare := func(name, what string, target float64, peers []string, ours string, series func(system string) string) measure.Figure {
		peer, of := measure.Best(f.series, peers, series)
		value, spread := measure.Ratio(peer, f.find(series(ours)))
		return measure.Figure{Name: name, What: fmt.Sprintf("%s: %s over %s", what, of, ours), Target: target, Value: value, Spread: spread, Reason: "one of the two was not measured"}
	}
	time := func(name string, target float64, peers []string, ours string, tokens int) measure.Figure {
		return compare(name, fmt.Sprintf("%d tokens", tokens), target, peers, ours, func(system string) string { return textCase(system, tokens) })
	}
	return append([]measure.Figure{
		time("minilm_16_vs_transformersjs", 2.5, transformersInt8, effirMiniLM, 16),
		time("minilm_128_vs_transformersjs", 2, transformersInt8, effirMiniLM, 128),
		time("slim_bge_16_vs_transformersjs_minilm", 2, transformersInt8, effirSlimBGE, 16),
		time("smol_16_vs_wllama", 8, wllamaFormats, effirSmol, 16),
		time("slim_vs_full_16", 1.97, []string{effirSmol}, effirSlimSmol, 16),
		time("slim_vs_full_128", 1.82, []string{effirSmol}, effirSlimSmol, 128),
	}, slices.Concat(b.limits(f), []measure.Figure{
		compare("bytes_vs_transformersjs", "bytes before the first embedding", 2, transformersInt8, clientMiniLM, transferred),
		compare("first_result_vs_transformersjs", "navigation to first embedding, known page", 3, transformersInt8, clientMiniLM, firstResult),
		compare("memory_vs_transformersjs", "memory of the page", 4, transformersInt8, clientMiniLM, pageMemory),
	}, b.documentFigures(f))...)
}

// limitRows is the number of rows or tokens at which the shares of limits are stated.
const limitRows = 64

// limits computes the shares of the processor's limit that products and the whole pass reach.
func (b *bench) limits(f *findings) []measure.Figure {
	const noLimit = "the limit is that of relaxed SIMD, which this browser lacks"
	product := measure.Figure{Name: "matmul_of_limit", Target: 0.9, Value: math.Inf(1), Reason: noLimit}
	for _, kernel := range kernels {
		share, spread := measure.Ratio(f.find(rateCase(kernel, "MiniLM", limitRows)), f.find(limitCase(kernel)))
		if math.IsNaN(share) || share < product.Value { // not a number stays
			product.Value, product.Spread = share, spread
			product.What = fmt.Sprintf("%s over its arithmetic on registers alone, products of a MiniLM layer, %d rows; the lower of 4 and 7 bits", kernel, limitRows)
		}
	}
	pass := measure.Figure{
		Name: "forward_of_limit_64", Target: 0.7, Value: math.NaN(), Reason: noLimit,
		What: fmt.Sprintf("MiniLM: least time of the products over that of the whole embedding, %d tokens", limitRows),
	}
	for _, s := range b.systems {
		if s.name == effirMiniLM {
			whole := f.find(textCase(s.name, limitRows))
			pass.Value = leastTime(s.model, limitRows, f.series) / whole.Median()
			pass.Spread = pass.Value * whole.Spread() / whole.Median()
		}
	}
	return []measure.Figure{product, pass}
}
