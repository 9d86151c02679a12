package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/effir/effir/bench/measure"
)

// Series of this phase.
func pageMemory(system string) string    { return system + ", memory of the page" }
func processMemory(system string) string { return system + ", private memory of the page's process" }

// memory measures what a page holds after texts of every length: by the browser's own account of the
// page with its workers (measureUserAgentSpecificMemory), and by the system's of the process.
func (b *bench) memory(ctx context.Context) (*outcome, error) {
	var cases []measure.Case
	process := map[string][]float64{}
	for _, s := range b.systems {
		if !s.phases.loaded {
			continue
		}
		t, err := openTab(ctx, s)
		if err != nil {
			return nil, err
		}
		defer t.stop()
		cases = append(cases, measure.Case{Name: pageMemory(s.name), Unit: "MB", Every: s.every, Run: func(context.Context) (float64, error) {
			if err := t.leave(); err != nil {
				return 0, err
			}
			if _, err := t.load(b.isolated); err != nil {
				return 0, err
			}
			for _, length := range lengths {
				if s.every > 1 && length > 16 {
					break
				}
				if _, err := call[[]float64](t, "embed", b.texts[s.vocab][length][0]); err != nil {
					return 0, err
				}
			}
			if mb, err := t.private(); err == nil { // Linux only
				process[s.name] = append(process[s.name], mb)
			}
			if _, err := call[float64](t, "memory"); err != nil {
				return 0, err
			}
			bytes, err := evaluate[float64](t, "bench.memory()")
			return bytes / 1e6, err
		}})
	}
	series, err := measure.Rounds(ctx, cases, min(b.Rounds, 3), measure.Bar(b.log, "weighing pages"))
	for _, s := range b.systems {
		series = append(series, measure.Series{Name: processMemory(s.name), Unit: "MB", Values: process[s.name]})
	}
	return &outcome{Series: series}, err
}

// private returns the MB that the page's process shares with no other.
func (t *tab) private() (float64, error) {
	processes, err := t.renderers()
	if err != nil {
		return 0, err
	}
	most := 0.0 // a spare process waits for the next page
	for _, pid := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, err
		}
		total := 0.0
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) == 3 && strings.HasPrefix(fields[0], "Private_") {
				kib, err := strconv.ParseFloat(fields[1], 64)
				if err != nil {
					return 0, err
				}
				total += kib * 1024 / 1e6
			}
		}
		most = max(most, total)
	}
	return most, nil
}
