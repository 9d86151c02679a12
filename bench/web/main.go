// Command web compares the search of a site of 10,000 pages by EffiR, Pagefind, Orama and
// transformers.js: the time and size of indexes, what a browser loads for a question, how long it
// waits for results, and how good they are on questions judged beforehand (questions.jsonl). It writes
// figures, their table and a report.
//
// Run it in the module's folder, after the command in bench/web/corpus, which makes the site.
package main

import (
	"context"
	"flag"
	"io"
	"path/filepath"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/weights"
)

// dir is the folder of the peers' package.json, of scripts and of pages.
var dir = filepath.Join("bench", "web")

func main() { measure.Main("bench:web", run) }

// bench is one run.
type bench struct {
	measure.Options
	log    io.Writer
	site   string // folder of the pages
	work   string // folder of indexes
	effir  string // program
	models string // folder of the peers' weights, as transformers.js reads them

	corpus    corpus
	questions []question
	indexes   map[string]*index // by system
	server    *server
	sizes     sizes
	outcome   outcome
}

func run(ctx context.Context, args []string, log io.Writer) error {
	b := &bench{log: log}
	flags := flag.NewFlagSet("web", flag.ContinueOnError)
	flags.SetOutput(log)
	b.Register(flags, 12, filepath.Join("docs", "results", "web.json"), filepath.Join("docs", "bench", "web.html"))
	flags.StringVar(&b.work, "work", filepath.Join("build", "bench", "web"), "`folder` of the site (in site) and of all indexes")
	flags.StringVar(&b.effir, "effir", filepath.Join("build", "effir"), "`program` that makes our index; guest.wasm lies beside it")
	models := flags.String("models", filepath.Join("build", "bench", "models"), "`folder` for the weights of peers")
	fresh := flags.Bool("fresh", false, "forget all indexes and vectors, to measure indexing anew: half an hour or more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := b.Check(); err != nil {
		return err
	}
	b.site = filepath.Join(b.work, "site")
	var err error
	if b.questions, err = readQuestions(filepath.Join(dir, "questions.jsonl")); err != nil {
		return err
	}
	if *fresh {
		if err := b.forget(); err != nil {
			return err
		}
	}
	if err := fetch.NPM(ctx, dir); err != nil {
		return err
	}
	if b.models, err = weights.Dir(*models).ONNX(ctx); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	if err := b.serve(); err != nil {
		return err
	}
	defer b.server.Close()
	for _, phase := range []func(context.Context) error{b.quality, b.budgets, b.visits} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return b.write(ctx)
}

// outcome is what was measured.
type outcome struct {
	found   map[string]map[string][]string // pages by ranking and question
	budgets []budget                       // of the questions, in order
	loads   []load
	series  []measure.Series
	browser string
}
