package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/peer"
	"github.com/effir/effir/wasm/kernel/avx2/limits"
)

// bench is one run of the benchmark.
type bench struct {
	options
	out   io.Writer
	data  *data
	page  *page
	peers []*peer.Process

	entries []*entry
	series  []measure.Series
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// entry is a system with what was found about it.
type entry struct {
	name    string // in series and figures
	label   string // for people
	browser bool
	system  system
	build   float64 // seconds
	effort  int     // of the searches measured; 0: no choice
	recall  float64 // of the nearest ten, over all queries
	curve   []point
}

// point is the recall and the time of an effort.
type point struct {
	effort       int
	recall, time float64
}

// The names of entries.
const (
	exhaustive   = "effir"
	twoStage     = "effir-two-stage"
	hnswlib      = "hnswlib"
	edgevec      = "edgevec"
	nativeAll    = "native-effir"
	nativeTwo    = "native-effir-two-stage"
	usearchFloat = "native-usearch-f32"
	usearchInt8  = "native-usearch-i8"
	usearchExact = "native-usearch-exact"
)

func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.work, 0o755); err != nil {
		return err
	}
	if err := fetch.NPM(ctx, b.dir); err != nil {
		return err
	}
	b.say("making %d vectors of %d dimensions, and %d queries with their nearest rows", b.count, dims, queries)
	var err error
	if b.data, err = newData(b.count); err != nil {
		return err
	}
	if b.page, err = openPage(ctx, b.dir, b.work, b.data); err != nil {
		return err
	}
	b.inBrowser(exhaustive, "EffiR, all rows", nil, false)
	b.inBrowser(twoStage, "EffiR, two stages", map[string]int{"factor": 0}, false)
	b.inBrowser(hnswlib, "hnswlib-wasm", map[string]int{"m": connections, "efConstruction": efConstruction}, true)
	if b.edge {
		b.inBrowser(edgevec, "EdgeVec", map[string]int{"m": connections, "efConstruction": efConstruction, "efSearch": edgevecEffort}, false)
	}
	b.entries = append(b.entries,
		&entry{name: nativeAll, label: "EffiR, all rows, one core", system: &ours{data: b.data}},
		&entry{name: nativeTwo, label: "EffiR, two stages, one core", system: &ours{data: b.data, twoStage: true}})
	if err := b.addUsearch(ctx); err != nil {
		return err
	}
	for _, e := range b.entries {
		if e.build, err = e.system.build(ctx, measure.Bar(b.out, "building "+e.label)); err != nil {
			return fmt.Errorf("%s: %w", e.label, err)
		}
		if err := b.choose(e); err != nil {
			return fmt.Errorf("%s: %w", e.label, err)
		}
		b.say("%s: built in %.1f s, recall %.4f%s", e.label, e.build, e.recall, effortText(e))
	}
	return nil
}

// edgevecEffort is the length of the list of candidates of EdgeVec's graph, which is set once, when the
// index is made.
const edgevecEffort = 320

func (b *bench) inBrowser(name, label string, parameters map[string]int, tunable bool) {
	s := &inPage{page: b.page, name: name, parameters: parameters, tunable: tunable, rows: b.count}
	if parameters == nil {
		s.parameters = map[string]int{}
	}
	b.entries = append(b.entries, &entry{name: name, label: label, browser: true, system: s})
}

func (b *bench) addUsearch(ctx context.Context) error {
	for _, kind := range []string{"F32", "I8"} {
		p, err := startUsearch(ctx, b.dir, b.work, b.data)
		if err != nil {
			return err
		}
		b.peers = append(b.peers, p)
		name, label := usearchFloat, "usearch, float32 graph, one core"
		if kind == "I8" {
			name, label = usearchInt8, "usearch, int8 graph, one core"
		}
		b.entries = append(b.entries, &entry{name: name, label: label, system: &usearch{process: p, kind: kind, rows: b.count, file: b.work + "/index-" + kind + ".usearch"}})
	}
	b.entries = append(b.entries, &entry{name: usearchExact, label: "usearch, all rows, one core", system: &usearch{process: b.peers[0], exact: true}})
	return nil
}

// complete is the recall that counts as all: at most one of 2000 rows missed.
const complete = 0.9995

// choose finds the least effort with which a system finds all that is to be found, or else the greatest
// recall, and takes it.
func (b *bench) choose(e *entry) error {
	efforts := e.system.efforts()
	if efforts == nil {
		efforts = []int{0}
	}
	for _, effort := range efforts {
		if effort > 0 {
			if err := e.system.tune(effort); err != nil {
				return err
			}
		}
		a, err := e.system.search(0, queries)
		if err != nil {
			return err
		}
		p := point{effort, b.data.recall(0, a.Found), measure.Series{Values: a.Times}.Median()}
		e.curve = append(e.curve, p)
		if p.recall >= complete {
			break
		}
	}
	best := slices.MaxFunc(e.curve, func(x, y point) int {
		switch {
		case x.recall > y.recall:
			return 1
		case x.recall < y.recall:
			return -1
		}
		return y.effort - x.effort
	})
	e.effort, e.recall = best.effort, best.recall
	if e.effort > 0 {
		return e.system.tune(e.effort)
	}
	return nil
}

// batch is the queries that a system answers in one round.
const batch = 20

// measure runs the rounds. In each, a system's figure is the median of a batch of queries, another one
// each round.
func (b *bench) measure(ctx context.Context) error {
	var cases []measure.Case
	for _, e := range b.entries {
		round := 0
		cases = append(cases, measure.Case{Name: e.name, Unit: "ms", Run: func(context.Context) (float64, error) {
			first := round * batch % queries
			round++
			a, err := e.system.search(first, batch)
			return measure.Series{Values: a.Times}.Median(), err
		}})
	}
	memory := bytes.Repeat([]byte{1}, b.count*dims) // memory that nobody wrote is one page of zeros
	cases = append(cases,
		measure.Case{Name: readInPage, Unit: "ms", Run: func(context.Context) (float64, error) {
			times, err := call[[]float64](b.page, "read", batch)
			return measure.Series{Values: times}.Median(), err
		}},
		measure.Case{Name: readNative, Unit: "ms", Run: func(context.Context) (float64, error) {
			var times []float64
			for range batch {
				began := time.Now()
				limits.Read(memory)
				times = append(times, time.Since(began).Seconds()*1e3)
			}
			return measure.Series{Values: times}.Median(), nil
		}})
	var err error
	b.series, err = measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.out, "searching"))
	return err
}

// The series of the limits: reading the bytes of all vectors, once.
const (
	readInPage = "limit in the browser"
	readNative = "native limit"
)

func (b *bench) close() {
	if b.page != nil {
		b.page.close()
	}
	for _, p := range b.peers {
		p.Close()
	}
}

func (b *bench) find(name string) *entry {
	for _, e := range b.entries {
		if e.name == name {
			return e
		}
	}
	return nil
}
