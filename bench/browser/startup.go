package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/andybalholm/brotli"

	"github.com/effir/effir/bench/measure"
)

// Series of this phase.
func firstResult(system string) string { return system + ", navigation to first embedding" }
func transferred(system string) string { return system + ", bytes before the first embedding" }

// firstVisit is the pace of a first visit's connection in bytes per second, 100 Mbit/s: on a faster
// one, what a page loads behind its first result would count as loaded before it.
const firstVisit = 12.5e6

// warmLoads are the visits before a page counts as known to the browser: engines keep compiled code
// from the second or third on.
const warmLoads = 3

// startup measures what a first visit loads and how long a later visit takes to its first embedding,
// with everything in the browser's caches.
func (b *bench) startup(ctx context.Context) (*outcome, error) {
	var sizes []measure.Series
	var cases []measure.Case
	out := &outcome{}
	for _, s := range b.systems {
		if !s.phases.loaded {
			continue
		}
		t, err := openTab(ctx, s)
		if err != nil {
			return nil, err
		}
		defer t.stop()
		b.server.record(firstVisit)
		if _, err := t.load(b.server); err != nil {
			return nil, err
		}
		sent := b.server.recorded()
		b.server.record(0)
		fmt.Fprintf(b.log, "compressing what %s loads\n", s.name)
		mb, err := b.compressed(ctx, sent)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, measure.Series{Name: transferred(s.name), Unit: "MB", Values: []float64{mb}})
		visit := func(context.Context) (float64, error) {
			if err := t.leave(); err != nil {
				return 0, err
			}
			return t.load(b.server)
		}
		for range warmLoads {
			if _, err := visit(ctx); err != nil {
				return nil, err
			}
			if b.Quick {
				break
			}
		}
		if err := out.addChoice(t); err != nil {
			return nil, err
		}
		cases = append(cases, measure.Case{Name: firstResult(s.name), Unit: "ms", Every: min(s.every, 3), Run: visit})
	}
	series, err := measure.Rounds(ctx, cases, min(b.Rounds, 9), measure.Bar(b.log, "visiting pages"))
	out.Series = append(series, sizes...)
	return out, err
}

// compressed sums what was sent in MB: whole files as brotli, or the share of one that was on its way;
// ranges as they are. Weights are compressed at a middle level: at the best one they take minutes and
// are 0.4 % smaller.
func (b *bench) compressed(ctx context.Context, sent map[string]transfer) (float64, error) {
	total := 0.0
	for name, t := range sent {
		total += float64(t.parts)
		if t.whole == 0 {
			continue
		}
		level := brotli.BestCompression
		if strings.HasPrefix(name, "models/") {
			level = 9
		}
		size, err := b.packer.size(ctx, b.server.tree, name, level)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		total += float64(size) * float64(t.whole) / float64(t.size)
	}
	return total / 1e6, nil
}
