package main

import (
	"fmt"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/report"
)

// write stores figures, table and report, and prints the figures.
func (b *bench) write() error {
	versions := map[string]string{"kernels": b.kernel}
	for _, pkg := range []string{"onnxruntime-node", "node-llama-cpp", "tokenizers"} {
		version, err := fetch.NPMVersion(b.dir, pkg)
		if err != nil {
			return err
		}
		versions[pkg] = version
	}
	figures := b.figures()
	missing := map[string]string{}
	if len(b.products) == 0 {
		for _, name := range []string{"matmul_of_limit", "matmul_of_limit_median", "minilm_docs_of_limit", "smollm2_docs_of_limit"} {
			missing[name] = "there are no generated kernels for this processor"
		}
	}
	record, err := measure.Write(b.Results, figures, missing, versions, b.series)
	if err != nil {
		return err
	}
	if err := b.WriteReport(b.markdown(record), b.page(record)); err != nil {
		return err
	}
	for _, row := range b.documentRows() {
		b.say("%s", strings.Join(row, " | "))
	}
	b.say("docs_vs_best_peer %.2f\n%s, %s", figures["docs_vs_best_peer"], b.Results, b.Report)
	return nil
}

// target is what docs_vs_best_peer is to reach.
const target = 1.5

func (b *bench) documentRows() (rows [][]string) {
	for _, c := range b.comparisons() {
		mark := ""
		if c.cores == b.cores {
			mark = "reached"
			if !(c.ratio() >= target) {
				mark = "not reached"
			}
		}
		rows = append(rows, []string{
			fmt.Sprintf("%s, %d of %d cores", c.model, c.cores, b.cores), format.Series(c.ours), format.Series(c.peer),
			format.Ratio(c.ours, c.peer), mark, c.setting,
		})
	}
	return rows
}

// markdown is the table of the README.
func (b *bench) markdown(r *measure.Record) string {
	var out strings.Builder
	out.WriteString("| native | documents/s | best peer | times |\n|---|---|---|---|\n")
	for _, row := range b.documentRows() {
		fmt.Fprintf(&out, "| %s | %s | %s (%s) | %s |\n", row[0], row[1], row[2], row[5], row[3])
	}
	fmt.Fprintf(&out, "\nMedians of interleaved rounds on %s, on %s.\n", r.Machine, r.Date)
	return out.String()
}

// page is the report.
func (b *bench) page(r *measure.Record) report.Page {
	return report.Page{
		Title: "EffiR outside of the browser, measured against onnxruntime and llama.cpp",
		Lead: fmt.Sprintf("%s; kernels %s; onnxruntime %s, node-llama-cpp %s, tokenizers %s; commit %s, %s.",
			r.Machine, b.kernel, r.Systems["onnxruntime-node"], r.Systems["node-llama-cpp"], r.Systems["tokenizers"], r.Commit, r.Date),
		Sections: []report.Section{
			{Title: "Documents", Parts: b.documentParts()},
			{Title: "One query", Parts: b.queryParts()},
			{Title: "Kernels and their limit", Parts: b.kernelParts()},
			{Title: "Tokenizers", Parts: b.tokenizerParts()},
			{Title: "How it was measured", Parts: b.methodParts()},
		},
	}
}

func (b *bench) documentParts() []report.Part {
	table := report.Table{
		Caption: "Documents a second, and ours over the peer's: above 1 ours is ahead. Medians with median absolute deviations.",
		Columns: []string{"", effir, "best peer", "ratio", fmt.Sprintf("wanted on all cores: %.1f", target), "the peer's setting"}, Rows: b.documentRows(),
	}
	every := report.Table{Caption: "Every system.", Columns: []string{"", "cores", "documents/s", "tokens/s", "documents a run", "setting"}}
	chart := report.Chart{
		Caption: "Documents a second by the number of cores; the axes are logarithmic.",
		X:       report.Axis{Label: "cores", Log: true, Min: 1, Max: float64(b.cores)}, Y: report.Axis{Label: "documents/s", Log: true},
	}
	lines := map[string]int{}
	for _, e := range b.entries {
		s, name := b.find(e.series()), e.model+", "+e.name
		perText := float64(e.tokens) / float64(len(e.rows))
		every.Rows = append(every.Rows, []string{
			name, fmt.Sprint(e.cores), format.Series(s), format.Number(s.Median() * perText), fmt.Sprint(len(e.rows)), e.setting,
		})
		if _, ok := lines[name]; !ok {
			lines[name] = len(chart.Series)
			chart.Series = append(chart.Series, report.Series{Name: name, Style: report.DottedLine})
		}
		line := &chart.Series[lines[name]]
		line.Points = append(line.Points, report.Point{X: float64(e.cores), Y: s.Median()})
	}
	return []report.Part{table, chart, every}
}

func (b *bench) queryParts() []report.Part {
	table := report.Table{Caption: "Milliseconds of one query.", Columns: []string{"", "cores"}}
	for _, n := range queryTokens {
		table.Columns = append(table.Columns, fmt.Sprintf("%d tokens", n))
	}
	for _, q := range b.latency {
		if q.tokens != queryTokens[0] {
			continue
		}
		row := []string{q.model + ", " + q.name, fmt.Sprint(q.cores)}
		for _, n := range queryTokens {
			same := q
			same.tokens = n
			row = append(row, format.Series(b.find(same.series())))
		}
		table.Rows = append(table.Rows, row)
	}
	return []report.Part{table, report.Text("EffiR computes one query on one core, tokenizing included; the peers get token ids, and also all cores. The queries of " + releases +
		" are those of MiniLM, to which its instruction adds tokens.")}
}

func (b *bench) kernelParts() []report.Part {
	if len(b.products) == 0 {
		return []report.Part{report.Text("This processor runs none of the generated native kernels.")}
	}
	table := report.Table{
		Caption: "Products on one core by kernels and bits of a weight: 10^9 operations a second, and the share of the limit, the same arithmetic on registers alone.",
		Columns: []string{"rows x inputs x columns"},
	}
	limits := []string{"limit"}
	for _, p := range b.products {
		table.Columns = append(table.Columns, fmt.Sprintf("%s, %d", p.kernels, p.weights))
		limits = append(limits, format.Series(b.find(p.limitSeries())))
	}
	for _, s := range productShapes {
		row := []string{s.String()}
		for _, p := range b.products {
			rate := b.find(p.series(s))
			share, _ := measure.Ratio(rate, b.find(p.limitSeries()))
			row = append(row, format.Number(rate.Median())+" ("+format.Percent(share)+")")
		}
		table.Rows = append(table.Rows, row)
	}
	table.Rows = append(table.Rows, limits)
	least, median := b.matmulOfLimit()
	whole := fmt.Sprintf("Of the kernels that this processor runs by choice (%s), the products reach at least %s of their limit, in the median of all rows above and both numbers of bits %s. ",
		b.kernel, format.Percent(least), format.Percent(median))
	whole += fmt.Sprintf("Embedding documents on one core, from text to vector, the least time of the products is %s of the time taken with %s, and %s with %s.",
		format.Percent(b.ofLimit(miniLM)), miniLM, format.Percent(b.ofLimit(smolLM)), smolLM)
	return []report.Part{table, report.Text(whole), b.operationTable()}
}

// operationTable has a row for each kernel that is no product, a column for each kind of kernels.
func (b *bench) operationTable() report.Table {
	table := report.Table{
		Caption: "Other kernels on one core: 10^9 multiplications and additions a second (attention), values or bytes (scans), and the share of the limit, the same arithmetic on registers alone or, for scans, reading their bytes; 64 rows, scans of 4096 vectors of 384 numbers.",
		Columns: []string{""},
	}
	for _, name := range operationNames {
		table.Rows = append(table.Rows, []string{name})
	}
	for i, o := range b.others {
		row := i % len(operationNames)
		if row == 0 {
			table.Columns = append(table.Columns, o.kernels)
		}
		rate := b.find(o.series())
		share, _ := measure.Ratio(rate, b.find(o.limitSeries()))
		table.Rows[row] = append(table.Rows[row], format.Series(rate)+" ("+format.Percent(share)+")")
	}
	return table
}

func (b *bench) tokenizerParts() []report.Part {
	table := report.Table{Caption: "Documents tokenized a second.", Columns: []string{"", "cores", effir, "tokenizers", "ratio"}}
	for _, t := range b.tokens {
		if t.name != effir {
			continue
		}
		own, theirs := b.find(t.series()), b.find(seriesName(t.model, tokenizers, t.cores, "tokenizing"))
		table.Rows = append(table.Rows, []string{t.model, fmt.Sprint(t.cores), format.Series(own), format.Series(theirs), format.Ratio(own, theirs)})
	}
	return []report.Part{table, report.Text("Both make the same number of tokens of the documents. The peer is the library's encodeBatch in Node.js, which also returns where each token lies in the text.")}
}

func (b *bench) methodParts() []report.Part {
	tried := report.Table{Caption: "Settings of the peers that were tried first, with documents a second; the best of each format is measured.", Columns: []string{"", "cores", "documents/s"}}
	for _, t := range b.tried {
		tried.Rows = append(tried.Rows, []string{t.model + ", " + strings.TrimSuffix(t.script, ".mjs") + ", " + t.setting.String(), fmt.Sprint(t.cores), format.Number(t.rate)})
	}
	return []report.Part{
		report.Text("Documents are passages of the Go documentation, about a hundred tokens each and at most 256, spread evenly over it. A round runs every system once, on one core in every second round; rounds begin with another system each time, so that all meet the same drift of the machine. EffiR gets texts, and tokenizes them; the peers get token ids, and are not charged for pooling. onnxruntime gets batches of texts of similar length, the longest first."),
		report.Text("Before that, every system must make nearly the same vectors of some documents as EffiR. Peers run at the best of the settings below: all threads in one process or context, or several that do not wait for one another; for llama.cpp the fastest of three number formats. In SmolLM2 a vector is the state of the last token, with which llama.cpp has the least to compute."),
		tried,
	}
}
