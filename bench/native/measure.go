package main

import (
	"context"

	"github.com/effir/effir/bench/measure"
)

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
	for _, o := range b.others {
		cases = append(cases, o.measurements()...)
	}
	// Everything runs once before it counts.
	if _, err := measure.Rounds(ctx, cases, 1, measure.Bar(b.out, "warming up")); err != nil {
		return err
	}
	var err error
	b.series, err = measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.out, "measuring"))
	return err
}

// find returns a series by its name.
func (b *bench) find(name string) measure.Series { return measure.Find(b.series, name) }
