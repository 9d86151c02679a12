package main

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/toolchain/report"
)

// figures are the ratios: above 1 ours in workerd is ahead.
func figures(series []measure.Series) []measure.Figure {
	compare := func(name, what string, peers []string, ours string, of func(system string) string) measure.Figure {
		peer, whose := measure.Best(series, peers, of)
		value, spread := measure.Ratio(peer, measure.Find(series, of(ours)))
		return measure.Figure{Name: name, What: fmt.Sprintf("%s: %s over %s", what, whose, ours), Value: value, Spread: spread, Reason: "one of the two was not measured"}
	}
	tokens := func(n int) func(system string) string {
		return func(system string) string { return textCase(system, n) }
	}
	return []measure.Figure{
		compare("edge_16_vs_onnxruntime", "16 tokens", onnxruntime, effirMiniLM, tokens(16)),
		compare("edge_128_vs_onnxruntime", "128 tokens", onnxruntime, effirMiniLM, tokens(128)),
		compare("edge_slim_16_vs_onnxruntime", "16 tokens", onnxruntime, effirSlimBGE, tokens(16)),
		compare("edge_16_vs_wazero", "16 tokens", []string{wazeroMiniLM}, effirMiniLM, tokens(16)),
		compare("edge_128_vs_wazero", "128 tokens", []string{wazeroMiniLM}, effirMiniLM, tokens(128)),
		compare("edge_start_vs_onnxruntime", "start to first embedding", onnxruntime, effirMiniLM, coldStart),
		compare("edge_memory_vs_onnxruntime", "memory", onnxruntime, effirMiniLM, heldMemory),
	}
}

// write stores figures, table and report, and prints the figures.
func (b *bench) write(ctx context.Context, series []measure.Series, asItComes string) error {
	ort, err := fetch.NPMVersion("bench", "onnxruntime-web")
	if err != nil {
		return err
	}
	workerd, err := exec.CommandContext(ctx, b.workerd, "--version").Output()
	if err != nil {
		return fmt.Errorf("workerd --version: %w", err)
	}
	systems := map[string]string{"onnxruntime-web": ort, "workerd": strings.TrimSpace(string(workerd)), "onnxruntime-web as it comes": asItComes}
	all := figures(series)
	values, missing := measure.Values(all)
	r, err := measure.Write(b.Results, values, missing, systems, series)
	if err != nil {
		return err
	}
	about := "Medians of interleaved rounds in " + systems["workerd"] + "; ratios are the peer's over ours. Measured on"
	if err := b.WriteReport(measure.Markdown("at the edge", about, all, r), page(all, series, r)); err != nil {
		return err
	}
	fmt.Fprint(b.log, "\n", format.Medians(series), "\n", measure.Plain(all), "\n", b.Results, ", ", b.Report, "\n")
	return nil
}

// page is the report.
func page(figures []measure.Figure, series []measure.Series, r *measure.Record) report.Page {
	return report.Page{
		Title: "EffiR in workerd, measured against onnxruntime-web",
		Lead:  fmt.Sprintf("%s; %s; onnxruntime-web %s; commit %s, %s.", r.Machine, r.Systems["workerd"], r.Systems["onnxruntime-web"], r.Commit, r.Date),
		Sections: []report.Section{
			{Title: "Figures", Parts: []report.Part{report.Table{Columns: []string{"", "measured", "", ""}, Rows: measure.Rows(figures)}}},
			{Title: "Milliseconds per text", Parts: latencyParts(series)},
			{Title: "Start, memory, answers", Parts: []report.Part{startTable(series)}},
			{Title: "How it was measured", Parts: []report.Part{
				report.Text("A worker is asked over HTTP on the same machine, one text at a time; times include the request. All workers run at once; a round asks each for texts of every length, beginning with another one each time. A measurement embeds different texts of the same number of tokens for at least 60 ms. Start to first embedding is from the start of workerd's process to the answer of its first request: compiling, loading and verifying the model included."),
				report.Text("onnxruntime-web as it comes does not start in workerd, which compiles no WebAssembly from bytes; its answer was: " + r.Systems["onnxruntime-web as it comes"] + ". It is measured with WebAssembly.instantiate replaced by a function that hands it the module that the worker was deployed with, and is given token numbers, which spares it a tokenizer. Of MiniLM with int8 weights there are two published files; figures compare with the better one."),
				report.Text("wazero runs the same guest in a Go process, without relaxed SIMD and without HTTP."),
			}},
		},
	}
}

// names are the systems in the report's order.
var names = []string{effirMiniLM, effirSlimBGE, ortMiniLM, ortOlder, wazeroMiniLM}

func latencyParts(series []measure.Series) []report.Part {
	chart := report.Chart{
		Caption: "Milliseconds per text by its length in tokens; both axes are logarithmic.",
		X:       report.Axis{Label: "tokens", Log: true}, Y: report.Axis{Label: "ms per text", Log: true},
	}
	table := report.Table{Caption: "Medians with median absolute deviations.", Columns: []string{"tokens"}}
	for _, length := range texts.Lengths {
		table.Columns = append(table.Columns, fmt.Sprint(length))
	}
	for _, name := range names {
		line := report.Series{Name: name, Style: report.DottedLine}
		row := []string{name}
		for _, length := range texts.Lengths {
			s := measure.Find(series, textCase(name, length))
			row = append(row, withSpread(s))
			if len(s.Values) > 0 {
				line.Points = append(line.Points, report.Point{X: float64(length), Y: s.Median()})
			}
		}
		chart.Series, table.Rows = append(chart.Series, line), append(table.Rows, row)
	}
	return []report.Part{chart, table}
}

func startTable(series []measure.Series) report.Table {
	table := report.Table{Columns: []string{"", "start to first embedding, ms", "private memory, MB", "cosine to ours"}}
	for _, name := range names {
		table.Rows = append(table.Rows, []string{
			name, withSpread(measure.Find(series, coldStart(name))),
			withSpread(measure.Find(series, heldMemory(name))), withSpread(measure.Find(series, likeOurs(name))),
		})
	}
	return table
}

func withSpread(s measure.Series) string {
	switch len(s.Values) {
	case 0:
		return "–"
	case 1:
		return number(s.Median())
	}
	return number(s.Median()) + " ± " + number(s.Spread())
}

// number writes four significant digits, or all of the whole part.
func number(x float64) string {
	if math.Abs(x) >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}
