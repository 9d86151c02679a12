package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/report"
)

// documentTokens is the length of the documents that are embedded many at a time.
const documentTokens = 128

// documentThreads are the threads that systems may use for them.
var documentThreads = []int{1, 2}

// perDocument names a system's series with so many threads.
func perDocument(threads int) func(system string) string {
	return func(system string) string {
		return fmt.Sprintf("%s, one of many documents of %d tokens, threads allowed: %d", system, documentTokens, threads)
	}
}

// withThreads is the system in a page of its own that may use so many threads. The page is isolated,
// without which the peers have one.
func (s system) withThreads(threads int) system {
	s.query = maps.Clone(s.query)
	s.query.Set("threads", strconv.Itoa(threads))
	return s
}

// documents measures milliseconds per document where many are embedded in one call, with one thread
// and with two, for ours and for the peers.
func (b *bench) documents(ctx context.Context) (*outcome, error) {
	var cases []measure.Case
	out := &outcome{}
	for _, s := range b.systems {
		if !s.phases.documents {
			continue
		}
		same := b.texts[s.vocab][documentTokens]
		many := 24
		if s.family == "client" {
			many = 192 // the peers, which are slower, have no work to start before
		}
		if b.Quick {
			many = 2
		}
		list := slices.Repeat(same, (many+len(same)-1)/len(same))[:many]
		for _, threads := range documentThreads {
			t, err := openTab(ctx, s.withThreads(threads))
			if err != nil {
				return nil, err
			}
			defer t.stop()
			if _, err := t.load(b.server); err != nil {
				return nil, err
			}
			run := func(context.Context) (float64, error) { return call[float64](t, "documents", list) }
			if _, err := run(ctx); err != nil { // engines compile the hot code again
				return nil, err
			}
			if err := out.addChoice(t); err != nil {
				return nil, err
			}
			cases = append(cases, measure.Case{Name: perDocument(threads)(s.name), Unit: "ms", Run: run})
		}
	}
	var err error
	out.Series, err = measure.Rounds(ctx, cases, min(b.Rounds, 7), measure.Bar(b.log, "embedding documents"))
	return out, err
}

// documentFigures compares with as many threads for ours and for the peers.
func (b *bench) documentFigures(f *findings) []measure.Figure {
	var figures []measure.Figure
	for _, threads := range documentThreads {
		peer, of := measure.Best(f.series, transformersInt8, perDocument(threads))
		value, spread := measure.Ratio(peer, f.find(perDocument(threads)(clientMiniLM)))
		figures = append(figures, measure.Figure{
			Name: fmt.Sprintf("documents_vs_transformersjs_%d_threads", threads), Target: 1, Value: value, Spread: spread,
			What:   fmt.Sprintf("many documents of %d tokens, threads allowed to both: %d: %s over %s", documentTokens, threads, of, clientMiniLM),
			Reason: "one of the two was not measured",
		})
	}
	return figures
}

func (b *bench) documentParts(f *findings) []report.Part {
	table := report.Table{
		Caption: "Documents a second, and how many times as many with two threads.",
		Columns: []string{"", "one thread", "two threads", "two over one"},
	}
	for _, s := range b.systems {
		if !s.phases.documents {
			continue
		}
		one, two := f.find(perDocument(1)(s.name)), f.find(perDocument(2)(s.name))
		table.Rows = append(table.Rows, []string{
			s.label, format.Number(1000 / one.Median()), format.Number(1000 / two.Median()), format.Ratio(one, two),
		})
	}
	return []report.Part{
		report.Text("Texts of one length, given all at once; the pages are cross-origin isolated, as the peers' threads need it. Ours are workers with a model each, which need no isolation; a second one is started only when 450 ms of work are left. transformers.js gets batches of eight."),
		table,
	}
}
