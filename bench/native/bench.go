package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/effir/effir/bench/fetch"
	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/models"
)

// bench is one run of the benchmark.
type bench struct {
	options
	out   io.Writer
	cores int
	peers *pool

	tried    []tried    // settings that were compared
	entries  []entry    // documents
	latency  []query    // queries
	tokens   []tokenize // tokenizers
	products []product  // kernels
	others   []operation

	series []measure.Series
	kernel string // the name of our kernels
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// entry is a system that embeds documents on a number of cores.
type entry struct {
	model, name string
	cores       int
	system      system
	rows        []int
	tokens      int // of the rows
	setting     string
}

func (e entry) series() string { return seriesName(e.model, e.name, e.cores, "documents") }

func seriesName(model, name string, cores int, what string) string {
	on := strconv.Itoa(cores) + " cores"
	if cores == 1 {
		on = "1 core"
	}
	return model + ", " + what + ", " + name + ", " + on
}

// Names of systems.
const (
	effir      = "EffiR"
	onnx       = "onnxruntime"
	llama      = "llama.cpp"
	tokenizers = "tokenizers"
)

// prepare brings models and peers to where they can be measured.
func (b *bench) prepare(ctx context.Context) error {
	b.cores = runtime.NumCPU()
	if err := fetch.NPM(ctx, b.dir); err != nil {
		return err
	}
	all, err := passages(ctx)
	if err != nil {
		return err
	}
	if err := b.prepareMiniLM(ctx, all); err != nil {
		return err
	}
	if err := b.prepareSmolLM(ctx, all); err != nil {
		return err
	}
	if err := b.prepareKernels(); err != nil {
		return err
	}
	var keep []setting
	for _, e := range b.entries {
		if r, ok := e.system.(running); ok {
			keep = append(keep, r.setting)
		}
	}
	for _, q := range b.latency {
		if r, ok := q.system.(running); ok {
			keep = append(keep, r.setting)
		}
	}
	b.peers.keepOnly(keep)
	return nil
}

// coreCounts are the numbers of cores that systems are measured on.
func (b *bench) coreCounts() []int { return slices.Compact([]int{b.cores, 1}) }

func (b *bench) prepareMiniLM(ctx context.Context, all []string) error {
	pkg, tokenizerFile, err := b.minilm(ctx)
	if err != nil {
		return err
	}
	files, err := b.onnx(ctx)
	if err != nil {
		return err
	}
	for _, cores := range b.coreCounts() {
		e, err := openOurs(pkg, cores)
		if err != nil {
			return err
		}
		b.kernel = e.KernelName()
		t, err := newTexts(all, e)
		if err != nil {
			return err
		}
		group := []entry{{model: miniLM, name: effir, cores: cores, system: ours{e, t}, setting: "7-bit weights, " + e.KernelName()}}
		for _, w := range files {
			s, err := b.best(ctx, miniLM, cores, onnxSettings(w, cores), t)
			if err != nil {
				return err
			}
			r, err := b.start(ctx, s, t)
			if err != nil {
				return err
			}
			group = append(group, entry{model: miniLM, name: onnx + " " + w.format, cores: cores, system: r, setting: s.how()})
			alone, err := b.start(ctx, setting{onnxScript, w.path, w.format, cores, 1, 1}, t)
			if err != nil {
				return err
			}
			b.addQueries(miniLM, onnx+" "+w.format, cores, alone, t)
		}
		slim, err := openOurs(models.Default(), cores)
		if err != nil {
			return err
		}
		group = append(group, entry{model: releases, name: effir, cores: cores, system: ours{slim, t}, setting: "4-bit weights, as released"})
		if cores == 1 {
			b.addQueries(miniLM, effir, 1, ours{e, t}, t)
			b.addQueries(releases, effir, 1, ours{slim, t}, t)
			if err := b.agree(ctx, group[:len(group)-1], t, 0.97); err != nil {
				return err
			}
			if err := b.addTokenizer(ctx, miniLM, tokenizerFile, t); err != nil {
				return err
			}
		}
		if err := b.addDocuments(ctx, group, t); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) prepareSmolLM(ctx context.Context, all []string) error {
	pkg, tokenizerFile, err := b.smollm(ctx)
	if err != nil {
		return err
	}
	files, err := b.gguf(ctx)
	if err != nil {
		return err
	}
	for _, cores := range b.coreCounts() {
		e, err := openOurs(pkg, cores)
		if err != nil {
			return err
		}
		t, err := newTexts(all, e)
		if err != nil {
			return err
		}
		var candidates []setting
		for _, w := range files {
			candidates = append(candidates, llamaSettings(w, cores)...)
		}
		s, err := b.best(ctx, smolLM, cores, candidates, t)
		if err != nil {
			return err
		}
		r, err := b.start(ctx, s, t)
		if err != nil {
			return err
		}
		alone := s
		alone.threads, alone.copies = cores, 1
		queries, err := b.start(ctx, alone, t)
		if err != nil {
			return err
		}
		b.addQueries(smolLM, llama, cores, queries, t)
		group := []entry{
			{model: smolLM, name: effir, cores: cores, system: ours{e, t}, setting: "4-bit weights, " + e.KernelName()},
			{model: smolLM, name: llama, cores: cores, system: r, setting: s.String()},
		}
		if cores == 1 {
			b.addQueries(smolLM, effir, 1, ours{e, t}, t)
			if err := b.agree(ctx, group, t, 0.8); err != nil {
				return err
			}
			if err := b.addTokenizer(ctx, smolLM, tokenizerFile, t); err != nil {
				return err
			}
		}
		if err := b.addDocuments(ctx, group, t); err != nil {
			return err
		}
	}
	return nil
}

// addDocuments gives a group of systems as many documents as the slowest embeds in a few seconds.
func (b *bench) addDocuments(ctx context.Context, group []entry, t *texts) error {
	budget, probe := 3*time.Second, 16
	if b.Quick {
		budget, probe = 200*time.Millisecond, 2
	}
	rows, _ := t.spread(probe * group[0].cores)
	slowest := time.Duration(0)
	for _, e := range group {
		start := time.Now()
		if err := e.system.embed(ctx, rows); err != nil {
			return err
		}
		slowest = max(slowest, time.Since(start))
	}
	count := max(int(float64(len(rows))*budget.Seconds()/slowest.Seconds()), len(rows))
	for _, e := range group {
		e.rows, e.tokens = t.spread(count)
		b.entries = append(b.entries, e)
	}
	return nil
}

// agree fails unless all systems make nearly the same vectors as the first: then they compute the same
// model. least is the least cosine that rounding of weights explains.
func (b *bench) agree(ctx context.Context, group []entry, t *texts, least float64) error {
	rows, _ := t.spread(4)
	want, err := group[0].system.vectors(ctx, rows)
	if err != nil {
		return err
	}
	for _, e := range group[1:] {
		got, err := e.system.vectors(ctx, rows)
		if err != nil {
			return err
		}
		worst := 1.0
		for i := range rows {
			worst = min(worst, cosine(want[i], got[i]))
		}
		b.say("%s, %s: cosine %.4f to ours", e.model, e.name, worst)
		if !(worst >= least) {
			return fmt.Errorf("%s, %s: a text's vector has cosine %.4f to ours: it is not the same model, so there is nothing to compare", e.model, e.name, worst)
		}
	}
	return nil
}

// measurement returns the case of the documents, in texts a second.
func (e entry) measurement() measure.Case {
	every := 1
	if e.cores == 1 {
		every = 2
	}
	return measure.Case{Name: e.series(), Unit: "texts/s", Every: every, Run: func(ctx context.Context) (float64, error) {
		start := time.Now()
		err := e.system.embed(ctx, e.rows)
		return float64(len(e.rows)) / time.Since(start).Seconds(), err
	}}
}

func cosine(x, y []float32) float64 {
	var dot, xx, yy float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		dot, xx, yy = dot+a*b, xx+a*a, yy+b*b
	}
	return dot / math.Sqrt(xx*yy)
}
