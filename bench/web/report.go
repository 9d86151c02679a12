package main

import (
	"fmt"
	"slices"

	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/toolchain/report"
	"github.com/effir/effir/toolchain/results"
)

// report is the page about a run.
func (b *bench) report(r *results.Record, versions string) report.Page {
	header, rows := b.table()
	return report.Page{
		Title: fmt.Sprintf("Search of a site of %d pages, side by side", b.corpus.Pages),
		Lead:  fmt.Sprintf("%s; %s; %s; commit %s, %s.", r.Machine, b.outcome.browser, versions, r.Commit, r.Date),
		Sections: []report.Section{
			{Title: "Side by side", Parts: []report.Part{report.Table{Columns: header, Rows: rows}, b.chart()}},
			{Title: "What a first question loads", Parts: b.loadParts(r)},
			{Title: "Questions", Parts: b.qualityParts()},
			{Title: "How it was measured", Parts: b.method()},
		},
	}
}

// chart sets quality against what is loaded.
func (b *bench) chart() report.Chart {
	chart := report.Chart{
		Caption: "Quality of answers by what a first visitor loads for one, model and runtime included.",
		X:       report.Axis{Label: "MB loaded", Log: true}, Y: report.Axis{Label: "nDCG@10", Min: 0, Max: 1},
	}
	for _, c := range columns() {
		size := b.sizes[c.system.name][c.mode][brotliCoding]
		chart.Series = append(chart.Series, report.Series{Name: c.label, Style: report.Dots, Points: []report.Point{
			{X: max(1e-3, (size[indexPart]+size[runtimePart]+size[modelPart])/1e6), Y: b.average(c.ranking, "").NDCG},
		}})
	}
	return chart
}

func (b *bench) loadParts(r *results.Record) []report.Part {
	table := report.Table{
		Caption: "Bytes of answers that a first visit has asked for when its first results are there, in kB: medians over the visited questions.",
		Columns: []string{"", "scripts and index: brotli", "gzip", "uncompressed", "what runs the model", "model", "requests"},
	}
	for _, c := range columns() {
		size := b.sizes[c.system.name][c.mode]
		files := []float64{}
		for _, l := range b.outcome.loads {
			if l.system == c.system.name && l.mode == c.mode {
				files = append(files, float64(len(l.requests)))
			}
		}
		slices.Sort(files)
		middle := format.None
		if len(files) > 0 {
			middle = fmt.Sprintf("%.0f", files[len(files)/2])
		}
		table.Rows = append(table.Rows, []string{
			c.label, kilobytes(size[brotliCoding][indexPart]), kilobytes(size[gzipCoding][indexPart]), kilobytes(size[plainCoding][indexPart]),
			kilobytes(size[brotliCoding][runtimePart]), kilobytes(size[brotliCoding][modelPart]), middle,
		})
	}
	return []report.Part{
		table,
		report.Text(fmt.Sprintf("Of all %d questions, the one that needs most loads %s kB of scripts and index by keyword with EffiR, and %s kB more of the index by meaning. The whole model is %s MB; an answer needs all of it but most rows of its token table, which come behind the answer.",
			len(b.questions), kilobytes(r.Figures["keyword_query_bytes_10k_most"]), kilobytes(r.Figures["semantic_query_extra_bytes_10k_most"]), megabytes(r.Figures["semantic_model_bytes"]))),
		report.Text(fmt.Sprintf("A further question of the same visitor reads %s kB of EffiR's index by keyword, and %s kB by both (medians). After one of the pages has changed, the index is made again in %s s.",
			kilobytes(r.Figures["next_keyword_query_bytes_10k"]), kilobytes(r.Figures["next_semantic_query_bytes_10k"]), format.Number(r.Figures["effir_rebuild_seconds_10k"]))),
	}
}

func (b *bench) qualityParts() []report.Part {
	table := report.Table{
		Caption: "nDCG@10 of each question: 1 is the best possible ranking.",
		Columns: []string{""},
	}
	list := columns()
	for _, c := range list {
		table.Columns = append(table.Columns, c.label)
	}
	for _, q := range b.questions {
		row := []string{q.Text}
		for _, c := range list {
			row = append(row, fmt.Sprintf("%.2f", score(b.outcome.found[c.ranking][q.ID], q.grades()).NDCG))
		}
		table.Rows = append(table.Rows, row)
	}
	return []report.Part{table}
}

func (b *bench) method() []report.Part {
	s := b.corpus.Sources
	return []report.Part{
		report.Text(fmt.Sprintf("The site: %d pages of the Python 3.11 documentation as Debian ships it, %d entries of the Free On-line Dictionary of Computing, %d manual pages, %d pages of tldr, and %d generated pages whose words follow each other as in the Python documentation. The questions were written and judged by reading the documentation, before any system had indexed it.", s["python"], s["foldoc"], s["manpages"], s["tldr"], s["generated"])),
		report.Text("EffiR is what effir index writes, used by its JavaScript library. Pagefind indexes the element that holds each page's content, as its documentation advises, and is used by its own API. Orama indexes the passages that EffiR makes of the pages, with its stemmer and stop words, saved as one JSON file; it ranked best so of all ways that were tried. transformers.js embeds the same passages; the page loads their vectors as one file of float32 numbers and compares the question with all of them: hnswlib-wasm, the usual graph, reads no file that a site could ship, would have to be built on every first visit, and can at best find what the comparison with all finds."),
		report.Text(fmt.Sprintf("A first visit is a browser with an empty profile that opens a page of the system with the question in its address; the clock runs from the navigation until ten results with title, address and excerpt stand in the page. Questions are %d, two of each type, in turn. The host is this machine; over the slow link all answers share 20 Mbit/s, and each begins after 40 ms. EffiR's page by keyword is told to load no model; the other one is asked for both at once.", len(visited))),
		report.Text("Bytes are bodies of answers. What hosts compress (HTML, scripts, JSON, WebAssembly) counts as brotli, all else as it is: EffiR's and Pagefind's index files are compressed already. A file counts as a whole if it was asked for before the results were there."),
		report.Text("nDCG@10 has gains of 3 for pages that answer and 1 for pages that help; a page counts at its best rank. MRR@10 is the mean of 1/rank of the first judged page, recall@10 the share of the judged pages that were found. Indexing times include reading the pages; embedding, which is kept by content, counts in full."),
	}
}
