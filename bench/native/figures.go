package main

import (
	"math"
	"slices"
	"strconv"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/model"
)

// comparison is how far ours is ahead of the best peer with one model on a number of cores.
type comparison struct {
	figure     string
	model      string
	cores      int
	ours, peer measure.Series
	setting    string // of the peer
}

// ratio is ours over the peer's: both are documents a second.
func (c comparison) ratio() float64 {
	ratio, _ := measure.Ratio(c.ours, c.peer)
	return ratio
}

// comparisons compares for both models, on all cores and on one.
func (b *bench) comparisons() (list []comparison) {
	for _, m := range []struct{ model, figure string }{
		{miniLM, "minilm_docs_vs_onnxruntime"}, {smolLM, "smollm2_docs_vs_llamacpp"},
	} {
		for _, cores := range b.coreCounts() {
			c := comparison{figure: m.figure, model: m.model, cores: cores}
			if cores == 1 {
				c.figure += "_one_core"
			}
			for _, e := range b.entries {
				if e.model != m.model || e.cores != cores {
					continue
				}
				switch s := b.find(e.series()); {
				case e.name == effir:
					c.ours = s
				case c.setting == "" || s.Median() > c.peer.Median():
					c.peer, c.setting = s, e.name+", "+e.setting
				}
			}
			list = append(list, c)
		}
	}
	return list
}

// figures are the named numbers of the results file.
func (b *bench) figures() results.Figures {
	all := results.Figures{"docs_vs_best_peer": math.Inf(1), "cores": float64(b.cores)}
	for _, c := range b.comparisons() {
		all[c.figure] = c.ratio()
		if c.cores == b.cores { // math.Min keeps NaN, what was not measured
			all["docs_vs_best_peer"] = math.Min(all["docs_vs_best_peer"], c.ratio())
		}
	}
	for _, c := range b.queryComparisons() {
		all[c.figure], _ = measure.Ratio(c.peer, c.ours)
	}
	for _, t := range b.tokens {
		if t.name == effir {
			theirs := b.find(seriesName(t.model, tokenizers, t.cores, "tokenizing"))
			name := map[string]string{miniLM: "wordpiece", smolLM: "bpe"}[t.model] + "_vs_tokenizers"
			if t.cores == 1 {
				name += "_one_core"
			}
			all[name], _ = measure.Ratio(b.find(t.series()), theirs)
		}
	}
	all["matmul_of_limit"], all["matmul_of_limit_median"] = b.matmulOfLimit()
	for name, of := range map[string]string{"minilm_docs_of_limit": miniLM, "smollm2_docs_of_limit": smolLM} {
		all[name] = b.ofLimit(of)
	}
	return all
}

// ofLimit is, for documents on one core, the least time of their products over the time taken.
func (b *bench) ofLimit(name string) float64 {
	for _, e := range b.entries {
		own, ok := e.system.(ours)
		if e.model != name || e.cores != 1 || !ok {
			continue
		}
		seconds, tokens := 0.0, float64(e.tokens)/float64(len(e.rows)) // of a document
		for _, t := range own.Manifest().Tensors {
			bits := map[string]int{model.Q4: 4, model.Q7: 7}[t.Type]
			if bits > 0 {
				limit := b.find(product{kernels: b.kernel, weights: bits}.limitSeries()).Median()
				rows := tokens
				if encoder.OneRow(own.Manifest(), t.Name) {
					rows = 1
				}
				seconds += 2 * rows * float64(t.Shape[0]) * float64(t.Shape[1]) / (limit * 1e9)
			}
		}
		return seconds * b.find(e.series()).Median()
	}
	return math.NaN()
}

// queryComparisons compares the times of single queries on one core.
func (b *bench) queryComparisons() (list []comparison) {
	for _, q := range b.latency {
		if q.name != effir || q.model == releases {
			continue
		}
		name := map[string]string{miniLM: "minilm", smolLM: "smollm2"}[q.model]
		c := comparison{figure: name + "_query_" + strconv.Itoa(q.tokens), model: q.model, cores: 1, ours: b.find(q.series())}
		for _, peer := range b.latency {
			if peer.model == q.model && peer.name != effir && peer.cores == 1 && peer.tokens == q.tokens {
				if s := b.find(peer.series()); c.setting == "" || s.Median() < c.peer.Median() {
					c.peer, c.setting = s, peer.name
				}
			}
		}
		list = append(list, c)
	}
	return list
}

// matmulOfLimit is the least and the median, over the products of those kernels that this processor runs
// by choice, of their rate over their limit: of 4 and 7 bits, all shapes. The least is what is stated
// of a browser too.
func (b *bench) matmulOfLimit() (least, median float64) {
	var shares []float64
	for _, p := range b.products {
		if p.kernels != b.kernel {
			continue
		}
		for _, s := range p.shapes {
			share, _ := measure.Ratio(b.find(p.series(s)), b.find(p.limitSeries()))
			shares = append(shares, share)
		}
	}
	if len(shares) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(shares), measure.Series{Values: shares}.Median() // a NaN, what was not measured, is the least
}
