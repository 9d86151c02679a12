package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/effir/effir/bench/format"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/report"
)

// amounts are numbers of documents that a page which has just been opened is given at once: from work
// that one worker has done before a second one could help to work that is worth one.
var amounts = []int{8, 16, 24, 32, 48, 64, 128}

// amountCase names the series of so many documents with so many threads.
func amountCase(amount, threads int) string {
	return fmt.Sprintf("%s, %d documents of %d tokens in a fresh page, threads allowed: %d", clientMiniLM, amount, documentTokens, threads)
}

// threshold measures from how much work on a second worker pays, its start included: each time in a
// page that was opened anew and has embedded a few texts.
func (b *bench) threshold(ctx context.Context) (*outcome, error) {
	amounts := amounts
	if b.Quick {
		amounts = amounts[:1]
	}
	var cases []measure.Case
	for _, s := range b.systems {
		if s.name != clientMiniLM {
			continue
		}
		same := b.texts[s.vocab][documentTokens]
		few := slices.Repeat(same, 4)[:4] // engines compile the hot code meanwhile
		for _, threads := range documentThreads {
			t, err := openTab(ctx, s.withThreads(threads))
			if err != nil {
				return nil, err
			}
			defer t.stop()
			for _, amount := range amounts {
				list := slices.Repeat(same, (amount+len(same)-1)/len(same))[:amount]
				cases = append(cases, measure.Case{Name: amountCase(amount, threads), Unit: "ms", Run: func(context.Context) (float64, error) {
					if err := t.leave(); err != nil {
						return 0, err
					}
					if _, err := t.load(b.server); err != nil {
						return 0, err
					}
					if _, err := call[float64](t, "documents", few); err != nil {
						return 0, err
					}
					each, err := call[float64](t, "documents", list)
					return each * float64(amount), err
				}})
			}
		}
	}
	series, err := measure.Rounds(ctx, cases, min(b.Rounds, 9), measure.Bar(b.log, "looking for the threshold"))
	return &outcome{Series: series}, err
}

func thresholdParts(f *findings) []report.Part {
	table := report.Table{
		Caption: "From how much work on a second worker pays: milliseconds for documents given at once to a page that was just opened, MiniLM.",
		Columns: []string{"documents", "one thread", "two threads allowed", "times as fast"},
	}
	for _, amount := range amounts {
		one, two := f.find(amountCase(amount, 1)), f.find(amountCase(amount, 2))
		table.Rows = append(table.Rows, []string{fmt.Sprint(amount), format.Series(one), format.Series(two), format.Ratio(one, two)})
	}
	return []report.Part{table}
}
