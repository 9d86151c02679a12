package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
// with everything in the browser's caches. Each system has a server of its own, which counts what that
// system's page loads and nothing else: pages go on loading behind their first embedding.
func (b *bench) startup(ctx context.Context) (*outcome, error) {
	var sizes []measure.Series
	var cases []measure.Case
	out := &outcome{}
	for _, s := range b.systems {
		if !s.phases.loaded {
			continue
		}
		v, err := serve(b.server.tree)
		if err != nil {
			return nil, err
		}
		defer v.Close()
		t, err := openTab(ctx, s)
		if err != nil {
			return nil, err
		}
		defer t.stop()
		v.record(firstVisit)
		if _, err := t.load(v); err != nil {
			return nil, err
		}
		sent := v.recorded()
		v.record(0)
		if err := checkSent(s, sent); err != nil {
			return nil, err
		}
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
			return t.load(v)
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
		if err := t.leave(); err != nil { // it would share the processor with the next system's visits
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

// checkSent refuses a first visit of a client that got more than the client can ask for, which is each
// file of its package, its site's index, the runtime and the page once.
func checkSent(s system, sent map[string]transfer) error {
	if s.family != "client" {
		return nil
	}
	site := s.query.Get("site")
	own := []string{"page/", "runtime/", "sites/" + site + "/", "models/effir/" + site + "/"}
	twice := int64(0)
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if !slices.ContainsFunc(own, func(folder string) bool { return strings.HasPrefix(name, folder) }) {
			return fmt.Errorf("%s: its first visit got %s, which it does not use: bytes of several pages are counted together", s.name, name)
		}
		t := sent[name]
		twice += max(0, t.whole+t.parts-t.size)
	}
	if twice > sentMargin {
		return fmt.Errorf("%s: its first visit got %.1f MB more than package, index and runtime have: files are loaded twice, or bytes of several pages are counted together", s.name, float64(twice)/1e6)
	}
	return nil
}

// sentMargin is how many bytes a first visit may get twice: pieces of the weights whose request was
// broken off and made again.
const sentMargin = 500_000
