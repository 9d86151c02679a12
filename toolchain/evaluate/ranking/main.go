// Command ranking measures how the search of a site ranks pages, and what other rules would do, on
// sites made of training data (see readSets): what is chosen here is tested elsewhere.
//
//	go run ./toolchain/evaluate/ranking --data ../shared/data
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/evaluate"
	"github.com/effir/effir/toolchain/importer"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/site"
)

// maxTokens of a passage that are embedded.
const maxTokens = 256

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "ranking:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("ranking", flag.ContinueOnError)
	flags.SetOutput(log)
	data := flags.String("data", filepath.Join("..", "shared", "data"), "`folder` of the data sets")
	whole := flags.Bool("bundles", true, "also write each site's bundle and search it as a browser does")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sets, err := readSets(*data)
	if err != nil {
		return err
	}
	embedder, err := cached()
	if err != nil {
		return err
	}
	var sites []*measured
	for _, s := range append(sets, together(sets)) {
		fmt.Fprintf(log, "%s: %d pages, %d questions\n", s.name, len(s.pages), len(s.questions))
		m, err := measure(ctx, s, embedder)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		sites = append(sites, m)
	}
	header(out, sites)
	for _, r := range rules() {
		row(out, sites, r.name, func(m *measured, q int) []int { return m.rank(r, q) })
	}
	if !*whole {
		return nil
	}
	for _, m := range sites {
		if err := m.writeBundle(ctx); err != nil {
			return err
		}
		defer os.RemoveAll(m.dir)
	}
	for _, mode := range []string{"keyword", "meaning", "both"} {
		row(out, sites, "bundle, "+mode, func(m *measured, q int) []int { return m.search(mode, q) })
	}
	return nil
}

// cached returns the default model, which remembers what it embedded.
func cached() (evaluate.Embedder, error) {
	cache, err := importer.CacheDir("")
	if err != nil {
		return nil, err
	}
	p, err := evaluate.OpenPackage(models.Default(), maxTokens)
	if err != nil {
		return nil, err
	}
	return evaluate.NewCache(p, filepath.Join(cache, "embeddings", "ranking"))
}

// measured is a site with all that a rule needs of its questions.
type measured struct {
	set
	pageOf  []int // by passage
	vectors *index.Vectors
	queries []query
	missed  []bool // by question: keywords alone do not find the page
	dir     string // of the bundle
	bundle  *site.Site
}

// query is a question's vector and what it finds.
type query struct {
	vector  []float32
	keyword []index.KeywordMatch // BM25, depth of them
	cosines []float32            // of all passages
}

func measure(ctx context.Context, s set, embedder evaluate.Embedder) (*measured, error) {
	m := &measured{set: s}
	builder := index.NewBuilder(index.DefaultParameters())
	var texts []string
	for i, page := range s.pages {
		for _, passage := range page.Passages {
			document := site.Document(page, passage)
			builder.Add(document)
			texts = append(texts, document.Title+"\n"+document.Text)
			m.pageOf = append(m.pageOf, i)
		}
	}
	rows, err := evaluate.EmbedAll(ctx, embedder, texts, encoder.Passage, evaluate.Options{})
	if err != nil {
		return nil, err
	}
	if m.vectors, err = index.NewVectors(len(rows[0])); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := m.vectors.Append(row); err != nil {
			return nil, err
		}
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		return nil, err
	}
	keyword, err := index.ParseKeyword(data)
	if err != nil {
		return nil, err
	}
	asked := make([]string, len(s.questions))
	for i, q := range s.questions {
		asked[i] = q.text
	}
	vectors, err := evaluate.EmbedAll(ctx, embedder, asked, encoder.Query, evaluate.Options{})
	if err != nil {
		return nil, err
	}
	scanner := index.NewScanner(m.vectors)
	for i, vector := range vectors {
		cosines, err := m.vectors.Scores(scanner, vector)
		if err != nil {
			return nil, err
		}
		m.queries = append(m.queries, query{vector, keyword.Search(asked[i], depth), cosines})
	}
	for i, question := range s.questions {
		m.missed = append(m.missed, !slices.Contains(m.rank(rules()[0], i), question.page))
	}
	return m, nil
}
