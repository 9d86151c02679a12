package main

import (
	"fmt"
	"math"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/results"
)

// figure is a ratio that the benchmark is about.
type figure struct {
	name   string
	what   string
	target float64 // to reach at least
	value  float64 // NaN: not measured
	spread float64
	reason string // why it was not measured
}

// findings is everything that was measured.
type findings struct {
	series   []measure.Series
	versions map[string]string
}

func (f *findings) find(name string) measure.Series { return measure.Find(f.series, name) }

// least returns the series with the lowest median, and of which system it is. name makes the series'
// name of a system's.
func (f *findings) least(systems []string, name func(system string) string) (best measure.Series, of string) {
	for _, s := range systems {
		if series := f.find(name(s)); of == "" || series.Median() < best.Median() || math.IsNaN(best.Median()) {
			best, of = series, s
		}
	}
	return best, of
}

// figures computes the ratios: peer over ours, above 1 is ours ahead; shares of limits.
func (b *bench) figures(f *findings) []figure {
	compare := func(name, what string, target float64, peers []string, ours string, series func(system string) string) figure {
		peer, of := f.least(peers, series)
		value, spread := measure.Ratio(peer, f.find(series(ours)))
		return figure{name: name, what: fmt.Sprintf("%s: %s over %s", what, of, ours), target: target, value: value, spread: spread, reason: "one of the two was not measured"}
	}
	time := func(name string, target float64, peers []string, ours string, tokens int) figure {
		return compare(name, fmt.Sprintf("%d tokens", tokens), target, peers, ours, func(system string) string { return textCase(system, tokens) })
	}
	slim := func(name string, target float64, tokens int) figure {
		figure := time(name, target, []string{effirSmol}, effirSlimSmol, tokens)
		figure.reason = "no package of a slim SmolLM2 was given (--smol-slim)"
		return figure
	}
	return append([]figure{
		time("minilm_16_vs_transformersjs", 2.5, transformersInt8, effirMiniLM, 16),
		time("minilm_128_vs_transformersjs", 2, transformersInt8, effirMiniLM, 128),
		time("slim_bge_16_vs_transformersjs_minilm", 2, transformersInt8, effirSlimBGE, 16),
		time("smol_16_vs_wllama", 8, wllamaFormats, effirSmol, 16),
		slim("slim_vs_full_16", 1.97, 16),
		slim("slim_vs_full_128", 1.82, 128),
	}, append(b.limits(f),
		compare("bytes_vs_transformersjs", "bytes before the first embedding", 2, transformersInt8, clientMiniLM, transferred),
		compare("first_result_vs_transformersjs", "navigation to first embedding, known page", 3, transformersInt8, clientMiniLM, firstResult),
		compare("memory_vs_transformersjs", "memory of the page", 4, transformersInt8, clientMiniLM, pageMemory),
	)...)
}

// limitRows is the number of rows or tokens at which the shares of limits are stated.
const limitRows = 64

// limits computes the shares of the processor's limit that products and the whole pass reach.
func (b *bench) limits(f *findings) []figure {
	const noLimit = "the limit is that of relaxed SIMD, which this browser lacks"
	product := figure{name: "matmul_of_limit", target: 0.9, value: math.Inf(1), reason: noLimit}
	for _, kernel := range kernels {
		share, spread := measure.Ratio(f.find(rateCase(kernel, "MiniLM", limitRows)), f.find(limitCase(kernel)))
		if !(share >= product.value) { // NaN stays
			product.value, product.spread = share, spread
			product.what = fmt.Sprintf("%s over its arithmetic on registers alone, products of a MiniLM layer, %d rows; the lower of 4 and 7 bits", kernel, limitRows)
		}
	}
	pass := figure{
		name: "forward_of_limit_64", target: 0.7, value: math.NaN(), reason: noLimit,
		what: fmt.Sprintf("MiniLM: least time of the products over that of the whole embedding, %d tokens", limitRows),
	}
	for _, s := range b.systems {
		if s.name == effirMiniLM {
			whole := f.find(textCase(s.name, limitRows))
			pass.value = leastTime(s.model, limitRows, f.series) / whole.Median()
			pass.spread = pass.value * whole.Spread() / whole.Median()
		}
	}
	return []figure{product, pass}
}

// record turns figures into those of a results file.
func record(figures []figure) (values results.Figures, missing map[string]string) {
	values, missing = results.Figures{}, map[string]string{}
	for _, f := range figures {
		values[f.name] = f.value
		if math.IsNaN(f.value) {
			missing[f.name] = f.reason
		}
	}
	return values, missing
}
