// Command edge compares EffiR's worker in workerd with onnxruntime-web in workerd and with EffiR in
// wazero: milliseconds per text by length, from start to first answer, memory. It writes figures,
// their table and a report.
//
// Run it in the module's folder, on a machine that does nothing else.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
)

func main() { measure.Main("bench edge", run) }

// bench is one run.
type bench struct {
	measure.Options
	log            io.Writer
	work           string // folder of what is made
	workerd, guest string // paths
	unpatched      string // folder of the worker that leaves onnxruntime-web as it comes
	tokens         func(text string) []int32
	minilm         fs.FS
	texts          map[int][]string
}

func run(ctx context.Context, args []string, log io.Writer) error {
	b := &bench{log: log}
	flags := flag.NewFlagSet("edge", flag.ContinueOnError)
	flags.SetOutput(log)
	b.Register(flags, 20, filepath.Join("docs", "results", "bench-edge.json"), filepath.Join("docs", "bench", "edge.html"))
	flags.StringVar(&b.guest, "guest", filepath.Join("build", "guest.wasm"), "guest `module` that wazero runs")
	flags.StringVar(&b.work, "work", filepath.Join("build", "bench"), "`folder` for models and workers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := b.Check(); err != nil {
		return err
	}
	var err error
	if b.workerd, err = findWorkerd(ctx); err != nil {
		return err
	}
	if b.work, err = filepath.Abs(b.work); err != nil {
		return err
	}
	fmt.Fprintln(log, "models and workers: all-MiniLM-L6-v2 and the released slim bge-small-en-v1.5")
	systems, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	if b.texts, err = texts.Of(b.minilm); err != nil {
		return err
	}
	as, err := b.asItComes(ctx)
	if err != nil {
		return err
	}
	series, err := b.measure(ctx, systems)
	if err != nil {
		return err
	}
	return b.write(ctx, series, as)
}
