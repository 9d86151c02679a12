package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/internal/atomicfile"
)

// write stores figures, table and report, and prints the figures.
func (b *bench) write(phases map[string]*outcome) error {
	f := &findings{versions: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(phases)) {
		f.series = append(f.series, phases[name].Series...)
		maps.Copy(f.versions, phases[name].Versions)
	}
	for _, name := range []string{"@huggingface/transformers", "onnxruntime-web", "@wllama/wllama"} {
		version, err := fetch.NPMVersion("bench", name)
		if err != nil {
			return err
		}
		f.versions[name] = version
	}
	figures := b.figures(f)
	values, missing := record(figures)
	kept, err := measure.Write(b.Results, values, missing, f.versions, f.series)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(strings.TrimSuffix(b.Results, ".json")+".md", []byte(markdown(figures, kept))); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.Report), 0o755); err != nil {
		return err
	}
	if err := b.report(figures, f, kept).Write(b.Report); err != nil {
		return err
	}
	fmt.Fprint(b.log, "\n", plain(figures), "\n", b.Results, ", ", b.Report, "\n")
	return nil
}

// rows are the figures as a table: what, value with spread, target.
func rows(figures []figure) [][]string {
	var out [][]string
	for _, f := range figures {
		value, mark := fmt.Sprintf("%.2f ± %.2f", f.value, f.spread), "reached"
		switch {
		case math.IsNaN(f.value):
			value, mark = "not measured", f.reason
		case f.value < f.target:
			mark = "not reached"
		}
		out = append(out, []string{f.what, value, fmt.Sprintf("%.2f", f.target), mark})
	}
	return out
}

func plain(figures []figure) string {
	var b strings.Builder
	for i, row := range rows(figures) {
		fmt.Fprintf(&b, "%-38s %-16s at least %s: %s\n", figures[i].name, row[1], row[2], row[3])
	}
	return b.String()
}

// markdown is the table of the README.
func markdown(figures []figure, r *measure.Record) string {
	var b strings.Builder
	b.WriteString("| in Chromium, one thread | times | wanted |\n|---|---|---|\n")
	for _, row := range rows(figures) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
	fmt.Fprintf(&b, "\nMedians of interleaved rounds on %s, %s, on %s. Ratios are the peer's time over ours.\n",
		r.Machine, r.Systems["browser"], r.Date)
	return b.String()
}
