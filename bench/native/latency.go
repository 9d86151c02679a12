package main

import (
	"context"
	"fmt"
	"math"
	"slices"

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

// measure runs the rounds.
func (b *bench) measure(ctx context.Context) error {
	var cases []measure.Case
	for _, e := range b.entries {
		cases = append(cases, e.measurement())
	}
	for _, q := range b.latency {
		cases = append(cases, q.measurement())
	}
	for _, t := range b.tokens {
		cases = append(cases, t.measurement())
	}
	for _, p := range b.products {
		cases = append(cases, p.measurements()...)
	}
	// Everything runs once before it counts.
	if _, err := measure.Rounds(ctx, cases, 1, measure.Bar(b.out, "warming up")); err != nil {
		return err
	}
	var err error
	b.series, err = measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.out, "measuring"))
	return err
}

func cosine(x, y []float32) float64 {
	var dot, xx, yy float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		dot, xx, yy = dot+a*b, xx+a*a, yy+b*b
	}
	return dot / math.Sqrt(xx*yy)
}

// find returns a series by its name.
func (b *bench) find(name string) measure.Series { return measure.Find(b.series, name) }

// bestOf returns the series with the highest median.
func bestOf(list ...measure.Series) measure.Series {
	return slices.MaxFunc(list, func(x, y measure.Series) int {
		switch d := x.Median() - y.Median(); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
}
