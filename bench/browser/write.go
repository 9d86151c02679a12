package main

import (
	"fmt"
	"maps"
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
	values, missing := measure.Values(figures)
	kept, err := measure.Write(b.Results, values, missing, f.versions, f.series)
	if err != nil {
		return err
	}
	about := "Medians of interleaved rounds in " + kept.Systems["browser"] + "; ratios are the peer's over ours. Measured on"
	if err := atomicfile.Write(strings.TrimSuffix(b.Results, ".json")+".md", []byte(measure.Markdown("in Chromium, one thread", about, figures, kept))); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.Report), 0o755); err != nil {
		return err
	}
	if err := b.report(figures, f, kept).Write(b.Report); err != nil {
		return err
	}
	fmt.Fprint(b.log, "\n", measure.Plain(figures), "\n", b.Results, ", ", b.Report, "\n")
	return nil
}
