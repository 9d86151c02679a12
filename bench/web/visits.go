package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/effir/effir/bench/measure"
)

// visited are the questions of first visits, two of each type.
var visited = []string{"words-12", "short-04", "other-02", "words-25", "short-26", "other-22"}

// slow is a link as homes and phones have it.
const (
	slowRate    = 20e6 / 8 // bytes a second
	slowLatency = 40 * time.Millisecond
	slowEvery   = 4 // rounds from one visit over it to the next
)

// Series of this phase. Bytes sent are those that came before the answer over the slow link.
func firstSeries(s system, m mode) string     { return fmt.Sprintf("%s, first %s result", s.name, m) }
func firstSlowSeries(s system, m mode) string { return firstSeries(s, m) + " over the slow link" }
func sentSeries(s system, m mode) string {
	return fmt.Sprintf("%s, bytes before the first %s result over the slow link", s.name, m)
}

// load is what a first visit asked for until its answer.
type load struct {
	system   string
	mode     mode
	question string
	requests []request
}

// visits measures first visits: a browser that knows nothing of the site opens the page of a system,
// which answers a question.
func (b *bench) visits(ctx context.Context) error {
	var cases []measure.Case
	var sent []*measure.Series
	questions := b.visitedQuestions()
	for _, s := range systems {
		for _, m := range s.modes {
			next := 0
			fast := func(ctx context.Context) (float64, error) {
				q := questions[next%len(questions)]
				next++
				ms, requests, _, err := b.visit(ctx, s, m, q, nil)
				if err == nil && !slices.ContainsFunc(b.outcome.loads, func(l load) bool {
					return l.system == s.name && l.mode == m && l.question == q.ID
				}) {
					b.outcome.loads = append(b.outcome.loads, load{s.name, m, q.ID, requests})
				}
				return ms, err
			}
			bytes := &measure.Series{Name: sentSeries(s, m), Unit: "bytes"}
			sent = append(sent, bytes)
			turn := 0
			slowly := func(ctx context.Context) (float64, error) {
				q := questions[turn%len(questions)]
				turn++
				ms, _, came, err := b.visit(ctx, s, m, q, &link{rate: slowRate, latency: slowLatency})
				bytes.Values = append(bytes.Values, float64(came))
				return ms, err
			}
			cases = append(cases,
				measure.Case{Name: firstSeries(s, m), Unit: "ms", Run: fast},
				measure.Case{Name: firstSlowSeries(s, m), Unit: "ms", Run: slowly, Every: slowEvery})
		}
	}
	// What is sent compressed is compressed before anybody waits for it.
	for _, s := range systems {
		for _, m := range s.modes {
			if _, _, _, err := b.visit(ctx, s, m, questions[0], nil); err != nil {
				return err
			}
		}
	}
	series, err := measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.log, "first visits"))
	b.outcome.series = series
	for _, s := range sent {
		b.outcome.series = append(b.outcome.series, *s)
	}
	return err
}

func (b *bench) visitedQuestions() []question {
	var list []question
	for _, id := range visited {
		for _, q := range b.questions {
			if q.ID == id {
				list = append(list, q)
			}
		}
	}
	if len(list) == 0 {
		list = b.questions[:1]
	}
	return list
}

// visit returns the milliseconds from the navigation to the first results by a mode, what was asked for
// until then, and how many bytes had come.
func (b *bench) visit(ctx context.Context, s system, m mode, q question, l *link) (ms float64, asked []request, came int64, err error) {
	address := fmt.Sprintf("/%s.html?mode=%s&question=%s", s.script, m, strings.ReplaceAll(url.QueryEscape(q.Text), "+", "%20"))
	b.server.begin(l)
	err = b.inPage(ctx, address, func(page context.Context) error {
		times, err := evaluate[map[mode]float64](page, "bench.first")
		if err != nil {
			return err
		}
		var ok bool
		if ms, ok = times[m]; !ok {
			return fmt.Errorf("there were no %s results, only %v", m, times)
		}
		asked, came, err = b.server.before()
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s, question %s: %w", s.name, q.ID, err)
	}
	return ms, asked, came, err
}
