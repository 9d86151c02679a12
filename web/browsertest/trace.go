package browsertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// Task is one turn of a page's main thread, in which nothing else can happen there.
type Task struct {
	// Wall is how long it took; CPU how long it computed, which other programs of
	// the machine do not lengthen.
	Wall, CPU time.Duration
	// What names the longest part of it.
	What string
}

// LongTasks does work and returns the turns of the main threads of all pages
// meanwhile that computed for at least the given time, longest first. Only
// Chromium tells; for others it returns ErrUnsupported.
func LongTasks(ctx context.Context, tab Tab, atLeast time.Duration, work func() error) ([]Task, error) {
	t, ok := tab.(*chromiumTab)
	if !ok {
		return nil, fmt.Errorf("%w list its tasks", ErrUnsupported)
	}
	both, release := t.with(ctx)
	defer release()
	var raw []json.RawMessage // read later: the listener must be quick
	complete := make(chan error, 1)
	err := chromedp.Listen(both, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, text := range e.Value {
				raw = append(raw, json.RawMessage(text))
			}
		case *tracing.EventTracingComplete:
			complete <- nil
		}
	})
	if err != nil {
		return nil, err
	}
	start := tracing.StartParams{TraceConfig: &tracing.TraceConfig{
		IncludedCategories: []string{"devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "__metadata"},
	}}
	if err := chromedp.Do(both, call(tracing.Start, start)); err != nil {
		return nil, err
	}
	if err := work(); err != nil {
		return nil, err
	}
	if err := chromedp.Do(both, call(tracing.End, cdp.Empty{})); err != nil {
		return nil, err
	}
	select {
	case <-complete:
		var events []traceEvent
		for _, text := range raw {
			var event traceEvent
			if json.Unmarshal(text, &event) == nil {
				events = append(events, event)
			}
		}
		return longTasks(events, atLeast), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// traceEvent is one of the Trace Event Format; times are in microseconds.
type traceEvent struct {
	Name, Ph           string
	Pid, Tid           int
	Ts, Dur, Tdur, Tts float64
	Args               struct{ Name string }
}

type thread struct{ pid, tid int }

func longTasks(events []traceEvent, atLeast time.Duration) []Task {
	main := map[thread]bool{}
	for _, e := range events {
		if e.Name == "thread_name" && e.Args.Name == "CrRendererMain" {
			main[thread{e.Pid, e.Tid}] = true
		}
	}
	var tasks []Task
	for _, e := range events {
		// Virtual machines charge a thread for time in which the machine itself did not run.
		cpu := microseconds(min(e.Tdur, e.Dur))
		if e.Ph != "X" || e.Name != "RunTask" || !main[thread{e.Pid, e.Tid}] || cpu < atLeast {
			continue
		}
		var parts []traceEvent
		for _, part := range events {
			if part.Ph == "X" && part.Pid == e.Pid && part.Tid == e.Tid && part.Ts >= e.Ts && part.Ts+part.Dur <= e.Ts+e.Dur && part.Name != "RunTask" {
				parts = append(parts, part)
			}
		}
		what := ""
		slices.SortFunc(parts, func(a, b traceEvent) int { return cmp.Compare(b.Tdur, a.Tdur) })
		for _, part := range parts[:min(len(parts), 4)] {
			what += fmt.Sprintf(" %s %v", part.Name, microseconds(part.Tdur))
		}
		tasks = append(tasks, Task{microseconds(e.Dur), cpu, what})
	}
	slices.SortFunc(tasks, func(a, b Task) int { return cmp.Compare(b.CPU, a.CPU) })
	return tasks
}

func microseconds(n float64) time.Duration { return time.Duration(n * float64(time.Microsecond)) }
