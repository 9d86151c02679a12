// Command browser compares EffiR with transformers.js and wllama in headless Chromium: milliseconds
// per text by length, what a page loads and holds, and how near the kernels come to what the
// processor can do. It writes figures, their table and a report with charts.
//
// Run it in the module's folder, on a machine that does nothing else.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/measure"
)

func main() { measure.Main("bench browser", run) }

// bench is one run.
type bench struct {
	measure.Options
	log     io.Writer
	systems []system
	texts   map[vocabulary]map[int][]string
	server  *server
	packer  packer
}

func run(ctx context.Context, args []string, log io.Writer) error {
	b := &bench{log: log}
	flags := flag.NewFlagSet("browser", flag.ContinueOnError)
	flags.SetOutput(log)
	b.Register(flags, 20, filepath.Join("docs", "results", "bench-browser.json"), filepath.Join("docs", "bench", "browser.html"))
	guest := flags.String("guest", filepath.Join("build", "guest.wasm"), "guest `module` to measure")
	work := flags.String("work", filepath.Join("build", "bench"), "`folder` for models and unfinished measurements")
	slim := flags.String("smol-slim", "", "`package` of a slim SmolLM2 to compare with the full one; without it, one of the same shape that is not trained")
	only := flags.String("only", "", "measure only systems whose names match this `pattern`; figures of others are missing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("--only: %w", err)
	}
	if err := b.Check(); err != nil {
		return err
	}
	if err := fetch.NPM(ctx, "bench"); err != nil {
		return err
	}
	p, err := prepare(ctx, filepath.Join(*work, "models"), *slim, log)
	if err != nil {
		return err
	}
	b.systems = slices.DeleteFunc(systems(p), func(s system) bool { return !wanted.MatchString(s.name) })
	if b.texts, err = p.texts(); err != nil {
		return err
	}
	files, err := newTree(".", *guest, p)
	if err != nil {
		return err
	}
	b.packer = packer{filepath.Join(*work, "brotli")}
	if b.server, err = serve(files); err != nil {
		return err
	}
	defer b.server.Close()

	results := map[string]*outcome{}
	kept, err := openState(filepath.Join(*work, "browser"), b)
	if err != nil {
		return err
	}
	for _, phase := range []struct {
		name string
		run  func(context.Context) (*outcome, error)
	}{{"latency", b.latency}, {"startup", b.startup}, {"memory", b.memory}, {"documents", b.documents}, {"threshold", b.threshold}} {
		if results[phase.name], err = kept.do(ctx, phase.name, phase.run); err != nil {
			return err
		}
	}
	if err := b.write(results); err != nil {
		return err
	}
	return kept.finish()
}
