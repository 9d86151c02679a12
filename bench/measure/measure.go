// Package measure compares systems that run on one machine: interleaved rounds, medians with their
// spread, ratios with theirs, and the file that keeps them.
//
// A machine's speed drifts with its temperature and with what else runs on it. Systems measured one
// after the other meet different machines; in interleaved rounds each meets the same drift, and the
// median leaves out the rounds that something disturbed.
package measure

import (
	"context"
	"fmt"
)

// Case is one thing to measure: a system on one piece of work.
type Case struct {
	Name string
	Unit string // of what Run returns: "ms", "texts/s"
	// Run does the work once, or as often as gives a steady figure, and returns the measured value.
	// What is slow only at first (compilation, caches) belongs before the rounds.
	Run func(context.Context) (float64, error)
	// Every makes a slow case run in every n-th round only; 0 is 1. Every case runs in the first round.
	Every int
}

// Rounds runs n rounds of the cases. A round runs each case once; each starts one case further than
// the one before it, so that none always follows the same neighbour closest. progress, which may be
// nil, is told after each run how many of all runs are done.
//
// The series stand in the order of the cases. If a case fails or the context ends, Rounds returns
// what was measured up to there with an error, which names the case.
func Rounds(ctx context.Context, cases []Case, n int, progress func(done, total int)) ([]Series, error) {
	series := make([]Series, len(cases))
	total := 0
	for i, c := range cases {
		series[i] = Series{Name: c.Name, Unit: c.Unit}
		total += (n + c.every() - 1) / c.every()
	}
	done := 0
	for round := range n {
		for k := range cases {
			i := (round + k) % len(cases)
			if round%cases[i].every() != 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return series, fmt.Errorf("stopped in round %d of %d: %w", round+1, n, err)
			}
			value, err := cases[i].Run(ctx)
			if err != nil {
				return series, fmt.Errorf("%s: round %d: %w", cases[i].Name, round+1, err)
			}
			series[i].Values = append(series[i].Values, value)
			if done++; progress != nil {
				progress(done, total)
			}
		}
	}
	return series, nil
}

func (c Case) every() int { return max(c.Every, 1) }
