// Command index measures the search of vectors: through all rows with our kernels, in two stages, and
// with the graphs of hnswlib-wasm and EdgeVec in Chromium; outside of the browser with usearch. All
// systems search the same rows for the same queries, in the same interleaved rounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/effir/effir/bench/measure"
)

func main() { measure.Main("bench:index", run) }

// options are the command's flags.
type options struct {
	measure.Options
	dir   string // with package.json and the pages
	work  string // for vectors and graphs
	count int    // of vectors
	edge  bool   // measure EdgeVec
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("index", flag.ContinueOnError)
	o.Register(flags, 9, "docs/results/bench-index.json", "docs/bench/index.html")
	flags.StringVar(&o.dir, "dir", "bench/index", "`folder` of the peers' package.json and scripts")
	flags.StringVar(&o.work, "work", "build/bench", "`folder` for vectors and graphs")
	flags.IntVar(&o.count, "count", 100_000, "`number` of vectors; the figures are those of 100,000")
	flags.BoolVar(&o.edge, "edgevec", false, "measure EdgeVec too, which needs many minutes to build a graph of 100,000 vectors")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return err
	}
	if o.count < 100 {
		return fmt.Errorf("--count is %d: give 100 or more", o.count)
	}
	var err error
	if o.work, err = filepath.Abs(o.work); err != nil { // the peers run in another folder
		return err
	}
	b := &bench{options: o, out: out}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.write()
}
