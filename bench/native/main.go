// Command native compares EffiR with onnxruntime and llama.cpp on this machine, outside of the
// browser: documents a second on all cores and on one, the time of a query, tokenizers, and the native
// kernels with what their arithmetic allows. All systems run in the same interleaved rounds.
package main

import (
	"context"
	"flag"
	"io"
	"path/filepath"

	"github.com/effir/effir/bench/measure"
)

func main() { measure.Main("bench:native", run) }

// options are the command's flags.
type options struct {
	measure.Options
	dir  string // with package.json and the peers' scripts
	work string // for prepared models
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("native", flag.ContinueOnError)
	o.Register(flags, 7, "docs/results/bench-native.json", "docs/bench/native.html")
	flags.StringVar(&o.dir, "dir", "bench/native", "`folder` of the peers' package.json and scripts")
	flags.StringVar(&o.work, "work", "build/bench", "`folder` for prepared models")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return err
	}
	var err error
	if o.work, err = filepath.Abs(o.work); err != nil { // the peers run in another folder
		return err
	}
	b := &bench{options: o, out: out, peers: newPool(o.dir)}
	defer b.peers.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.write()
}
