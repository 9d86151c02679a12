package main

import (
	"context"
	"fmt"

	"github.com/effir/effir/bench/measure"
)

// query is a system that embeds one text at a time.
type query struct {
	model, name string
	cores       int
	tokens      int
	system      system
	rows        []int
}

func (q query) series() string {
	return seriesName(q.model, q.name, q.cores, fmt.Sprintf("%d-token query", q.tokens))
}

func (b *bench) addQueries(model, name string, cores int, s system, t *texts) {
	for _, n := range queryTokens {
		b.latency = append(b.latency, query{model, name, cores, n, s, t.queries[n]})
	}
}

// measurement returns the case of the query: the median over its texts.
func (q query) measurement() measure.Case {
	return measure.Case{Name: q.series(), Unit: "ms", Run: func(ctx context.Context) (float64, error) {
		times, err := q.system.each(ctx, q.rows)
		return measure.Series{Values: times}.Median(), err
	}}
}
