package main

import (
	"fmt"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/report"
	"github.com/effir/effir/toolchain/results"
)

// targets of the figures: milliseconds at most, and the peer's time over ours at least.
const (
	targetMilliseconds = 8
	targetRatio        = 1
)

// write stores figures, table and report, and prints the table.
func (b *bench) write() error {
	versions := map[string]string{"browser": b.page.version, "kernels in the browser": b.page.kernels}
	if own, ok := b.find(nativeAll).system.(*ours); ok {
		versions["native kernels"] = own.kernels
	}
	for _, pkg := range []string{"hnswlib-wasm", "edgevec", "usearch"} {
		version, err := fetch.NPMVersion(b.dir, pkg)
		if err != nil {
			return err
		}
		versions[pkg] = version
	}
	figures, missing := b.figures()
	record, err := measure.Write(b.Results, figures, missing, versions, b.series)
	if err != nil {
		return err
	}
	if err := b.WriteReport(b.markdown(record), b.report(record)); err != nil {
		return err
	}
	for _, row := range b.rows() {
		b.say("%s", strings.Join(row, " | "))
	}
	b.say("search100k_ms %.2f, search100k_vs_hnswlib %.2f\n%s, %s", figures["search100k_ms"], figures["search100k_vs_hnswlib"], b.Results, b.Report)
	return nil
}

func (b *bench) times(name string) measure.Series { return measure.Find(b.series, name) }

// figures are the named numbers of the results file. Those of 100,000 vectors are missing where the run
// had another number.
func (b *bench) figures() (results.Figures, map[string]string) {
	ratio := func(peer, own string) float64 {
		r, _ := measure.Ratio(b.times(peer), b.times(own))
		return r
	}
	all := results.Figures{
		"vectors":                       float64(b.count),
		"search100k_ms":                 b.times(exhaustive).Median(),
		"search100k_vs_hnswlib":         ratio(hnswlib, exhaustive),
		"two_stage_ms":                  b.times(twoStage).Median(),
		"two_stage_recall":              b.find(twoStage).recall,
		"two_stage_vs_hnswlib":          ratio(hnswlib, twoStage),
		"native_search100k_ms":          b.times(nativeAll).Median(),
		"native_search100k_vs_usearch":  ratio(usearchFloat, nativeAll),
		"native_two_stage_vs_usearch":   ratio(usearchFloat, nativeTwo),
		"hnswlib_recall":                b.find(hnswlib).recall,
		"hnswlib_build_seconds":         b.find(hnswlib).build,
		"effir_build_seconds":           b.find(exhaustive).build,
		"effir_two_stage_build_seconds": b.find(exhaustive).build + b.find(twoStage).build,
	}
	missing := map[string]string{}
	all["edgevec_vs_ours"] = ratio(edgevec, exhaustive)
	if b.find(edgevec) == nil {
		missing["edgevec_vs_ours"] = "it takes minutes to build its graph; run with --edgevec"
	}
	if b.count != 100_000 {
		for name := range all {
			if strings.Contains(name, "100k") {
				missing[name] = fmt.Sprintf("the run had %d vectors", b.count)
			}
		}
	}
	return all, missing
}

// rows are the table of all systems.
func (b *bench) rows() (rows [][]string) {
	for _, e := range b.entries {
		base := exhaustive
		if !e.browser {
			base = nativeAll
		}
		build := format.Number(e.build)
		if e.name == usearchExact {
			build = format.None
		}
		rows = append(rows, []string{
			e.label, format.Series(b.times(e.name)), fmt.Sprintf("%.4f", e.recall), format.Ratio(b.times(e.name), b.times(base)), build, strings.TrimPrefix(effortText(e), ", "),
		})
	}
	return rows
}

func effortText(e *entry) string {
	if e.effort == 0 {
		return ""
	}
	return fmt.Sprintf(", list of %d candidates", e.effort)
}

// markdown is the table of the README.
func (b *bench) markdown(r *measure.Record) string {
	var out strings.Builder
	fmt.Fprintf(&out, "| search of %d vectors of %d int8 numbers | ms | recall of the nearest ten | building, s |\n|---|---|---|---|\n", b.count, dims)
	for i, row := range b.rows() {
		where := "in Chromium"
		if !b.entries[i].browser {
			where = "native"
		}
		fmt.Fprintf(&out, "| %s, %s | %s | %s | %s |\n", where, row[0], row[1], row[2], row[4])
	}
	fmt.Fprintf(&out, "\nMedians of interleaved rounds on %s, %s, on %s; one core searches.\n", r.Machine, b.page.version, r.Date)
	return out.String()
}

// report is the page about a run.
func (b *bench) report(r *measure.Record) report.Page {
	columns := []string{"", "ms", "recall", "time over ours, all rows", "building, s", "effort"}
	var sections [2]report.Table
	for i, row := range b.rows() {
		where := 0
		if !b.entries[i].browser {
			where = 1
		}
		sections[where].Columns = columns
		sections[where].Rows = append(sections[where].Rows, row)
	}
	sections[0].Caption = "Milliseconds of a search for ten rows; medians with median absolute deviations."
	sections[1].Caption = sections[0].Caption
	return report.Page{
		Title: fmt.Sprintf("Search of %d vectors", b.count),
		Lead: fmt.Sprintf("%s; %s; kernels %s and %s; %s; commit %s, %s.",
			r.Machine, b.page.version, b.page.kernels, r.Systems["native kernels"], b.peerVersions(r), r.Commit, r.Date),
		Sections: []report.Section{
			{Title: "In Chromium, one thread", Parts: []report.Part{report.Text(b.verdict()), sections[0], b.curve(true)}},
			{Title: "Outside of the browser, one core", Parts: []report.Part{sections[1], b.curve(false)}},
			{Title: "The limit", Parts: []report.Part{b.limitTable()}},
			{Title: "How it was measured", Parts: method},
		},
	}
}

func (b *bench) peerVersions(r *measure.Record) string {
	list := []string{"hnswlib-wasm " + r.Systems["hnswlib-wasm"], "usearch " + r.Systems["usearch"]}
	if b.edge {
		list = append(list, "EdgeVec "+r.Systems["edgevec"])
	}
	return strings.Join(list, ", ")
}

// limitTable compares searches of all rows with what memory allows.
func (b *bench) limitTable() report.Table {
	table := report.Table{
		Caption: fmt.Sprintf("Searches of all rows against reading the same %s MB once with vector loads and nothing else, ms.", format.Number(float64(b.count*dims)/1e6)),
		Columns: []string{"", "reading", "search", "share of the limit"},
	}
	for _, row := range []struct{ label, search, read string }{{"in Chromium", exhaustive, readInPage}, {"native", nativeAll, readNative}} {
		read, search := b.times(row.read), b.times(row.search)
		share, _ := measure.Ratio(read, search)
		table.Rows = append(table.Rows, []string{row.label, format.Series(read), format.Series(search), format.Percent(share)})
	}
	return table
}

func (b *bench) verdict() string {
	own, peer := b.times(exhaustive), b.times(hnswlib)
	ratio, _ := measure.Ratio(peer, own)
	reached := func(ok bool) string {
		if ok {
			return "reached"
		}
		return "not reached"
	}
	return fmt.Sprintf("Our search of all rows takes %s ms; at most %d were wanted: %s. hnswlib-wasm's time over ours is %s at its recall of %.4f; at least %d was wanted: %s.",
		format.Series(own), targetMilliseconds, reached(own.Median() <= targetMilliseconds),
		format.Ratio(peer, own), b.find(hnswlib).recall, targetRatio, reached(ratio >= targetRatio))
}

// curve is the chart of recall by time.
func (b *bench) curve(browser bool) report.Chart {
	chart := report.Chart{
		Caption: "Recall of the nearest ten by the time of a search, for each effort that was tried before the rounds; searches without a choice of effort have one point.",
		X:       report.Axis{Label: "ms", Log: true}, Y: report.Axis{Label: "recall", Max: 1, Min: 0.9},
	}
	for _, e := range b.entries {
		if e.browser != browser {
			continue
		}
		s := report.Series{Name: e.label, Style: report.DottedLine}
		for _, p := range e.curve {
			if p.effort == e.effort {
				p.time = b.times(e.name).Median()
			}
			s.Points = append(s.Points, report.Point{X: max(p.time, 1e-3), Y: p.recall})
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}

var method = []report.Part{
	report.Text(fmt.Sprintf("Vectors are drawn from %d clusters with %d common directions, to be about as near to and far from each other as the passages of search collections are; each is rounded to int8 with a scale, and every system gets the rounded numbers, the others as float32. What is nearest is computed exactly on them. Queries are drawn likewise, %d of them.", clusters, factors, queries)),
	report.Text(fmt.Sprintf("Graphs have %d connections and a list of %d candidates in construction. The candidates of a search are doubled until at most one of 2000 rows is missed; where that does not happen, the best recall is measured. EdgeVec, which is measured on demand since its graph takes minutes to build, takes the list's length when the index is made: it is %d.", connections, efConstruction, edgevecEffort)),
	report.Text("EffiR in the browser is the runtime's code: package index in a Go module over the kernel module. Its two stages compare one bit a number first, then compute the scores of the hundredfold of the rows asked for. A round asks every system 20 queries, and takes the median. usearch builds on all cores, everything else on one."),
}
