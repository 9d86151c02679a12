package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
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
	found := choices(phases)
	for system, list := range found {
		f.versions[choiceOf(system)] = strings.Join(list, " and ")
	}
	figures := b.figures(f)
	values, missing := measure.Values(figures)
	kept, err := measure.Write(b.Results, values, missing, f.versions, f.series)
	if err != nil {
		return err
	}
	about := "Medians of interleaved rounds in " + kept.Systems["browser"] + "; ratios are the peer's over ours. Measured on"
	if err := b.WriteReport(measure.Markdown("in Chromium, one thread", about, figures, kept), b.report(figures, f, kept)); err != nil {
		return err
	}
	fmt.Fprint(b.log, "\n", format.Medians(f.series), "\n", measure.Plain(figures), "\n", b.Results, ", ", b.Report, "\n", warnOfChoices(found))
	return nil
}
