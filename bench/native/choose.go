package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// tried is a setting and the documents a second that it reached when the best one was looked for.
type tried struct {
	setting
	model string
	cores int
	rate  float64
}

// onnxSettings are the ways in which onnxruntime may be fastest on a number of cores: one process with
// all threads, or processes that do not wait for one another; one text at a time, or several.
func onnxSettings(w weights, cores int) (list []setting) {
	copies := []int{1}
	if many := min(cores, maxCopies); many > 1 {
		copies = append(copies, many)
	}
	for _, count := range copies {
		for _, batch := range []int{1, 8, 32} {
			list = append(list, setting{onnxScript, w.path, w.format, cores / count, count, batch})
		}
	}
	return list
}

// maxCopies bounds the memory that copies of a peer take, 0.1 to 0.3 GB each.
const maxCopies = 16

// llamaSettings are the same for llama.cpp. Several texts in one of its batches were no faster than
// one: a text of a hundred tokens is a large enough product.
func llamaSettings(w weights, cores int) (list []setting) {
	list = append(list, setting{script: llamaScript, weights: w.path, format: w.format, threads: cores, copies: 1})
	if many := min(cores, maxCopies); many > 1 {
		list = append(list, setting{script: llamaScript, weights: w.path, format: w.format, threads: cores / many, copies: many})
	}
	return list
}

// best tries settings on a sample of documents and returns the fastest.
func (b *bench) best(ctx context.Context, model string, cores int, settings []setting, t *texts) (setting, error) {
	const perCore = 8
	count := perCore
	if b.Quick {
		count, settings = 2, settings[len(settings)-1:]
	}
	rows, _ := t.spread(count * cores)
	var found []tried
	for _, s := range settings {
		r, err := b.start(ctx, s, t)
		if err != nil {
			return setting{}, err
		}
		if err := r.embed(ctx, rows[:min(2*cores, len(rows))]); err != nil { // warm
			return setting{}, err
		}
		least := time.Duration(1<<63 - 1)
		for range 2 {
			start := time.Now()
			if err := r.embed(ctx, rows); err != nil {
				return setting{}, err
			}
			least = min(least, time.Since(start))
		}
		found = append(found, tried{s, model, cores, float64(len(rows)) / least.Seconds()})
	}
	b.tried = append(b.tried, found...)
	fastest := slices.MaxFunc(found, func(x, y tried) int { return int(x.rate*1000) - int(y.rate*1000) })
	return fastest.setting, nil
}

// start makes a peer run with a setting.
func (b *bench) start(ctx context.Context, s setting, t *texts) (running, error) {
	b.say("%s: %s", s.script, s)
	peers, err := b.peers.open(ctx, s, t.ids)
	if err != nil {
		return running{}, fmt.Errorf("%s: %w", s, err)
	}
	return running{s, peers, t}, nil
}
