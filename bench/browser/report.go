package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/toolchain/report"
)

// report is the page about a run.
func (b *bench) report(figures []measure.Figure, f *findings, r *measure.Record) report.Page {
	return report.Page{
		Title: "EffiR in the browser, measured against transformers.js and wllama",
		Lead: fmt.Sprintf("%s; %s; %s; commit %s, %s. One thread and pages without special headers, unless said.",
			r.Machine, r.Systems["browser"], versions(r), r.Commit, r.Date),
		Sections: []report.Section{
			{Title: "Figures", Parts: []report.Part{
				report.Text("Ratios are the peer's median over ours: above 1 ours is ahead. Shares are of what the processor can do. The spread follows from the median absolute deviations of both."),
				report.Table{Columns: []string{"", "measured", "wanted", ""}, Rows: measure.Rows(figures)},
				report.Text("Where a figure is not reached, docs/kernels.md in the repository shows by profile where the time or the memory goes, and what was tried. What a browser loads before model and index is measured by `go tool task size`: under 0.9 MB as brotli."),
			}},
			{Title: "Milliseconds per text", Parts: b.latencyParts(f)},
			{Title: "The limit", Parts: limitParts(b, f)},
			{Title: "Loading and memory", Parts: b.loadParts(f)},
			{Title: "Many documents", Parts: append(b.documentParts(f), thresholdParts(f)...)},
			{Title: "Same answers", Parts: b.cosineParts(f)},
			{Title: "How it was measured", Parts: method},
		},
	}
}

var method = []report.Part{
	report.Text("Each system has a headless Chromium of its own with a fresh profile, all open at once, and embeds in a worker. A round measures every system at every length once; rounds begin with another case each time, so that all meet the same drift of the machine. wllama, which is slow, takes part in every fourth (float32) or tenth round. A measurement embeds different texts of the same number of tokens for at least 60 ms. The time is that of the program in the worker: of ours without the client library, whose message to the worker adds a fraction of a millisecond, of transformers.js the call of its pipeline. Texts of bge-small are passages here; a query is longer by the model's instruction of eight tokens."),
	report.Text("transformers.js runs onnxruntime-web's plain build with one thread. Of MiniLM with int8 weights there are two published files, made by different exporters; figures compare with the better of the two, and so with the best of wllama's formats. wllama runs one sequence on one thread; its published build has no integer dot products of SIMD, so that float32 weights are its fastest at most lengths: llama.cpp compiled otherwise could be faster than what its users get."),
	report.Text("Bytes are what a first visit over 100 Mbit/s gets until its first embedding, each file as brotli (programs at its best level, models at level 9). Navigation to first embedding is that of a page that was visited before, so that everything is in the browser's caches. The memory of a page is the private memory of its process, less that of an empty page's, after texts of every length and once garbage is collected (the browser's own figure, measureUserAgentSpecificMemory, leaves WebAssembly memories of workers out unless they are shared)."),
	report.Text("A limit is the rate of the same arithmetic on registers alone, by the instructions that the kernel uses on this machine, measured in the same rounds."),
	report.Text("Each of our pages decides by measuring how its kernels multiply; what they chose is part of the results."),
}

func versions(r *measure.Record) string {
	var parts []string
	for _, name := range []string{"@huggingface/transformers", "onnxruntime-web", "@wllama/wllama"} {
		parts = append(parts, name+" "+r.Systems[name])
	}
	return strings.Join(parts, ", ")
}

func (b *bench) latencyParts(f *findings) []report.Part {
	chart := report.Chart{
		Caption: "Milliseconds per text by its length in tokens; both axes are logarithmic.",
		X:       report.Axis{Label: "tokens", Log: true}, Y: report.Axis{Label: "ms per text", Log: true},
	}
	table := report.Table{Caption: "Medians with median absolute deviations.", Columns: []string{"tokens"}}
	for _, length := range texts.Lengths {
		table.Columns = append(table.Columns, fmt.Sprint(length))
	}
	for _, s := range b.systems {
		if !s.phases.timed {
			continue
		}
		series := report.Series{Name: s.name, Style: report.DottedLine}
		row := []string{s.label}
		for _, length := range texts.Lengths {
			values := f.find(textCase(s.name, length))
			row = append(row, format.Series(values))
			if len(values.Values) > 0 {
				series.Points = append(series.Points, report.Point{X: float64(length), Y: values.Median()})
			}
		}
		chart.Series = append(chart.Series, series)
		table.Rows = append(table.Rows, row)
	}
	ratios := report.Table{Caption: "Times as long as ours with the same model.", Columns: table.Columns}
	for _, pair := range samePairs(b.systems) {
		row := []string{pair[1] + " over " + pair[0]}
		for _, length := range texts.Lengths {
			ratio, spread := measure.Ratio(f.find(textCase(pair[1], length)), f.find(textCase(pair[0], length)))
			if math.IsNaN(ratio) {
				row = append(row, "–")
				continue
			}
			row = append(row, fmt.Sprintf("%.2f ± %.2f", ratio, spread))
		}
		ratios.Rows = append(ratios.Rows, row)
	}
	return []report.Part{chart, table, ratios}
}

func limitParts(b *bench, f *findings) []report.Part {
	kernelTable := report.Table{
		Caption: "Products of one layer's matrices: 10^9 operations a second, and the share of the limit.",
		Columns: []string{"kernel and layer", "limit"},
	}
	for _, rows := range kernelRows {
		kernelTable.Columns = append(kernelTable.Columns, fmt.Sprintf("%d rows", rows))
	}
	for _, kernel := range kernels {
		limit := f.find(limitCase(kernel))
		for _, layer := range []string{"MiniLM", "SmolLM2"} {
			row := []string{kernel + ", " + layer, format.Series(limit)}
			for _, rows := range kernelRows {
				rate := f.find(rateCase(kernel, layer, rows))
				share, _ := measure.Ratio(rate, limit)
				row = append(row, fmt.Sprintf("%s (%s)", format.Series(rate), format.Percent(share)))
			}
			kernelTable.Rows = append(kernelTable.Rows, row)
		}
	}
	passTable := report.Table{
		Caption: "Whole embeddings, from text to vector: the least time of their products over the time taken.",
		Columns: []string{"tokens"},
	}
	for _, length := range texts.Lengths {
		passTable.Columns = append(passTable.Columns, fmt.Sprint(length))
	}
	for _, s := range b.systems {
		if s.model == nil {
			continue
		}
		row := []string{s.label}
		for _, length := range texts.Lengths {
			row = append(row, format.Percent(leastTime(s.model, length, f.series)/f.find(textCase(s.name, length)).Median()))
		}
		passTable.Rows = append(passTable.Rows, row)
	}
	return []report.Part{kernelTable, operationTable(f), passTable, b.glueTable(f)}
}

// glueTable says what part of a query is not spent in kernels.
func (b *bench) glueTable(f *findings) report.Table {
	table := report.Table{
		Caption: fmt.Sprintf("Texts of %d tokens, ms: whole embeddings, their calls of kernels repeated alone in the same memory, and the part of all else, which is tokenizing, the program around the kernels, and what goes in and out.", glueTokens),
		Columns: []string{"", "whole", "kernels alone", "all else"},
	}
	for _, s := range b.systems {
		if s.model == nil {
			continue
		}
		whole, kernels := f.find(textCase(s.name, glueTokens)), f.find(kernelsCase(s.name))
		table.Rows = append(table.Rows, []string{s.label, format.Series(whole), format.Series(kernels), format.Percent(1 - kernels.Median()/whole.Median())})
	}
	return table
}

// operationTable has a row for each kernel that is no product.
func operationTable(f *findings) report.Table {
	table := report.Table{
		Caption: "Other kernels, 64 rows, scans of 4096 vectors of 384 numbers: 10^9 multiplications and additions a second (attention), values or bytes (scans). The limit is the same arithmetic on values in the first-level cache, for the scans reading their bytes if that takes longer.",
		Columns: []string{"kernel", "limit", "rate", "share"},
	}
	for _, name := range operations {
		rate, limit := f.find(name), f.find(limitOf(name))
		share, _ := measure.Ratio(rate, limit)
		table.Rows = append(table.Rows, []string{name, format.Series(limit), format.Series(rate), format.Percent(share)})
	}
	return table
}

func (b *bench) loadParts(f *findings) []report.Part {
	table := report.Table{Columns: []string{"", "first visit, MB as brotli", "known page to first embedding, ms", "memory of the page, MB"}}
	for _, s := range b.systems {
		if !s.phases.loaded {
			continue
		}
		table.Rows = append(table.Rows, []string{
			s.label, format.Series(f.find(transferred(s.name))), format.Series(f.find(firstResult(s.name))), format.Series(f.find(pageMemory(s.name))),
		})
	}
	return []report.Part{table}
}

func (b *bench) cosineParts(f *findings) []report.Part {
	table := report.Table{Caption: "Cosine of the embeddings of one sentence.", Columns: []string{"", "", "cosine"}}
	for _, pair := range samePairs(b.systems) {
		table.Rows = append(table.Rows, []string{pair[0], pair[1], fmt.Sprintf("%.4f", f.find(cosineOf(pair)).Median())})
	}
	return []report.Part{table}
}
