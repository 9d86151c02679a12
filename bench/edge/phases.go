package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
)

// Names of series.
func textCase(system string, tokens int) string { return fmt.Sprintf("%s, %d tokens", system, tokens) }
func coldStart(system string) string            { return system + ", start to first embedding" }
func heldMemory(system string) string           { return system + ", private memory of the process" }
func likeOurs(system string) string             { return "cosine of " + system + " and " + effirMiniLM }

// window is the least time of one measurement.
const window = 60 * time.Millisecond

// sample is the text whose embeddings are compared.
const sample = "Rivers carry sand and stones from the mountains to the sea."

// measure runs the rounds: milliseconds per text in running systems, and starts of systems.
func (b *bench) measure(ctx context.Context, systems []system) ([]measure.Series, error) {
	var cases, starts []measure.Case
	running := map[string]instance{}
	vectors := map[string][]float32{}
	for _, s := range systems {
		fmt.Fprintf(b.log, "starting %s\n", s.name)
		i, err := s.start(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		defer i.stop()
		running[s.name] = i
		if vectors[s.name], err = i.embed(ctx, sample); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		for _, length := range texts.Lengths {
			run := b.timed(i, b.texts[length])
			for range 3 { // engines compile the hot code again, better, while these run
				if _, err := run(ctx); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
			cases = append(cases, measure.Case{Name: textCase(s.name, length), Unit: "ms", Run: run})
		}
		starts = append(starts, measure.Case{Name: coldStart(s.name), Unit: "ms", Run: func(ctx context.Context) (float64, error) {
			began := time.Now()
			i, err := s.start(ctx)
			if err != nil {
				return 0, err
			}
			defer i.stop()
			_, err = i.embed(ctx, sample)
			return milliseconds(time.Since(began)), err
		}})
	}
	series, err := measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.log, "embedding texts"))
	if err != nil {
		return nil, err
	}
	for _, s := range systems {
		if pid := running[s.name].pid(); pid != 0 {
			mb, err := measure.PrivateMemory(pid)
			if err != nil {
				fmt.Fprintln(b.log, "memory is not measured:", err)
				break
			}
			series = append(series, measure.Series{Name: heldMemory(s.name), Unit: "MB", Values: []float64{mb}})
		}
	}
	for _, name := range append([]string{wazeroMiniLM}, onnxruntime...) {
		alike := measure.Series{Name: likeOurs(name), Unit: "cosine", Values: []float64{cosine(vectors[name], vectors[effirMiniLM])}}
		series = append(series, alike)
	}
	started, err := measure.Rounds(ctx, starts, min(b.Rounds, 9), measure.Bar(b.log, "starting systems"))
	return append(series, started...), err
}

// timed returns a measurement: it embeds texts in turn for the length of a window and returns the
// milliseconds of one.
func (b *bench) timed(i instance, of []string) func(context.Context) (float64, error) {
	turn := 0
	return func(ctx context.Context) (float64, error) {
		began := time.Now()
		for count := 1; ; count++ {
			if _, err := i.embed(ctx, of[turn%len(of)]); err != nil {
				return 0, err
			}
			turn++
			if took := time.Since(began); took >= window || b.Quick {
				return milliseconds(took) / float64(count), nil
			}
		}
	}
}

// asItComes says what onnxruntime-web does in workerd without being handed its module.
func (b *bench) asItComes(ctx context.Context) (string, error) {
	p, err := startWorkerd(ctx, b.workerd, b.unpatched)
	if err != nil {
		return "", err
	}
	defer p.stop()
	_, err = theirs(p, b.tokens).embed(ctx, sample)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil {
		return "it embeds", nil
	}
	return err.Error(), nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}
