package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/toolchain/results"
	"github.com/effir/effir/web/figures"
)

// write stores figures, table and report.
func (b *bench) write(ctx context.Context) error {
	var err error
	if b.sizes, err = b.weigh(ctx); err != nil {
		return err
	}
	measured, missing, err := b.figures(ctx)
	if err != nil {
		return err
	}
	if err := merge(b.Results, measured, missing); err != nil {
		return err
	}
	record, err := results.Read(b.Results)
	if err != nil {
		return err
	}
	versions, err := b.versions()
	if err != nil {
		return err
	}
	if err := b.WriteReport(b.markdown(record, versions), b.report(record, versions)); err != nil {
		return err
	}
	fmt.Fprintf(b.log, "\n%s\n%s, %s\n", b.plain(), b.Results, b.Report)
	return nil
}

// merge adds figures to those that tests of the same product put into the file.
func merge(path string, measured results.Figures, missing map[string]string) error {
	all := results.Figures{}
	for name, x := range measured {
		all[name] = rounded(x)
	}
	return figures.Merge(path, "", all, missing)
}

// rounded keeps whole numbers, and four significant digits of others.
func rounded(x float64) float64 {
	if math.IsNaN(x) || math.Abs(x) >= 1000 {
		return math.Round(x)
	}
	var r float64
	if _, err := fmt.Sscanf(fmt.Sprintf("%.4g", x), "%g", &r); err != nil {
		return x
	}
	return r
}

func (b *bench) versions() (string, error) {
	var parts []string
	for _, name := range []string{"pagefind", "@orama/orama", "@huggingface/transformers", "onnxruntime-web"} {
		version, err := fetch.NPMVersion(dir, name)
		if err != nil {
			return "", err
		}
		parts = append(parts, name+" "+version)
	}
	return strings.Join(parts, ", "), nil
}

// columns of the table: ours by keyword and by both, and the peers.
type column struct {
	label   string
	system  system
	mode    mode
	ranking string
}

func columns() (list []column) {
	for _, s := range systems {
		for _, m := range s.modes {
			label := s.label
			if len(s.modes) > 1 {
				label += map[mode]string{keyword: ", by keyword", semantic: ", by keyword and meaning"}[m]
			}
			list = append(list, column{label, s, m, s.ranking(m)})
		}
	}
	return list
}

// table is what the README shows: a row of each property, a column of each way to search.
func (b *bench) table() (header []string, rows [][]string) {
	list := columns()
	header = []string{fmt.Sprintf("a site of %d pages", b.corpus.Pages)}
	for _, c := range list {
		header = append(header, c.label)
	}
	add := func(what string, cell func(column) string) {
		row := []string{what}
		for _, c := range list {
			row = append(row, cell(c))
		}
		rows = append(rows, row)
	}
	costOf := func(c column) *cost {
		if x := b.indexes[c.system.name]; c.mode == keyword {
			return x.Keyword
		} else {
			return x.Whole
		}
	}
	add("indexing, s (of processor time)", func(c column) string {
		x := costOf(c)
		return fmt.Sprintf("%s (%s)", format.Number(x.Seconds), format.Number(x.CPU))
	})
	add("index on disk, MB", func(c column) string { return megabytes(float64(costOf(c).Bytes)) })
	add("first question: scripts and index, kB", func(c column) string {
		return kilobytes(b.sizes[c.system.name][c.mode][brotliCoding][indexPart])
	})
	add("… without compression by the host, kB", func(c column) string {
		return kilobytes(b.sizes[c.system.name][c.mode][plainCoding][indexPart])
	})
	add("… and model with what runs it, MB", func(c column) string {
		if c.mode == keyword {
			return "none"
		}
		size := b.sizes[c.system.name][c.mode][brotliCoding]
		return megabytes(size[modelPart] + size[runtimePart])
	})
	add("first visit to first results, ms", func(c column) string { return format.Series(b.series(firstSeries(c.system, c.mode))) })
	add("… over 20 Mbit/s, s", func(c column) string {
		return format.Number(b.series(firstSlowSeries(c.system, c.mode)).Median() / 1000)
	})
	add("nDCG@10, 100 questions", func(c column) string { return fmt.Sprintf("%.3f", b.average(c.ranking, "").NDCG) })
	for _, kind := range types {
		add(fmt.Sprintf("… %d %s", b.average(effir+"_keyword", kind).Count, typeLabels[kind]), func(c column) string { return fmt.Sprintf("%.3f", b.average(c.ranking, kind).NDCG) })
	}
	add("MRR@10", func(c column) string { return fmt.Sprintf("%.3f", b.average(c.ranking, "").MRR) })
	add("recall@10", func(c column) string { return fmt.Sprintf("%.3f", b.average(c.ranking, "").Recall) })
	return header, rows
}

func megabytes(bytes float64) string { return format.Number(bytes / 1e6) }

// kilobytes separates thousands, which these numbers are compared by.
func kilobytes(bytes float64) string {
	digits := fmt.Sprintf("%.0f", bytes/1e3)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// markdown is the table of the README.
func (b *bench) markdown(r *results.Record, versions string) string {
	header, rows := b.table()
	var out strings.Builder
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for _, row := range rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
	}
	fmt.Fprintf(&out, "\nMedians of first visits in headless %s with empty caches, on %s, on %s; %s.\n", b.outcome.browser, r.Machine, r.Date, versions)
	return out.String()
}

func (b *bench) plain() string {
	header, rows := b.table()
	var out strings.Builder
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintf(&out, "%-42s", row[0])
		for _, cell := range row[1:] {
			fmt.Fprintf(&out, " %24.24s", cell)
		}
		out.WriteByte('\n')
	}
	return out.String()
}
