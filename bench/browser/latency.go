package main

import (
	"context"
	"fmt"
	"math"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
)

// outcome is what a phase found. It can be kept between runs.
type outcome struct {
	Series []measure.Series // of one value where only one can be
	// Versions of what took part, by name.
	Versions map[string]string
	// Choices of kernels that our tabs made.
	Choices []kernelChoice
}

// window is the least time of one measurement in milliseconds: long against the browser's clock,
// which is coarse where pages are not isolated.
const window = 60

// textCase names a system's series of a length.
func textCase(system string, tokens int) string {
	return fmt.Sprintf("%s, %d tokens", system, tokens)
}

// latency measures milliseconds per text in one page per system, all of them open, and the rates of
// the kernels and of the arithmetic that they consist of.
func (b *bench) latency(ctx context.Context) (*outcome, error) {
	var cases []measure.Case
	out := &outcome{Versions: map[string]string{}}
	vectors := map[string][]float64{}
	for _, s := range b.systems {
		if !s.phases.timed {
			continue
		}
		fmt.Fprintf(b.log, "opening %s\n", s.name)
		t, err := openTab(ctx, s)
		if err != nil {
			return nil, err
		}
		defer t.stop()
		out.Versions["browser"] = t.version
		if _, err := t.load(b.server); err != nil {
			return nil, err
		}
		if vectors[s.name], err = call[[]float64](t, "embed", sample); err != nil {
			return nil, err
		}
		if err := out.addChoice(t); err != nil {
			return nil, err
		}
		mine, err := b.textCases(ctx, t)
		if err != nil {
			return nil, err
		}
		cases = append(cases, mine...)
		if s.family == "effir" {
			only, err := b.onlyKernels(t)
			if err != nil {
				return nil, err
			}
			cases = append(cases, only)
		}
		if s.name == effirMiniLM {
			rates, err := b.kernelCases(t)
			if err != nil {
				fmt.Fprintln(b.log, "kernels:", err)
			}
			cases = append(cases, rates...)
		}
	}
	var err error
	if out.Series, err = measure.Rounds(ctx, cases, b.Rounds, measure.Bar(b.log, "embedding texts")); err != nil {
		return nil, err
	}
	for _, pair := range samePairs(b.systems) {
		alike, err := cosine(vectors[pair[0]], vectors[pair[1]])
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", pair[0], pair[1], err)
		}
		out.Series = append(out.Series, measure.Series{Name: cosineOf(pair), Unit: "cosine", Values: []float64{alike}})
	}
	return out, nil
}

// sample is the text whose embeddings are compared between systems.
const sample = "Rivers carry sand and stones from the mountains to the sea."

// textCases warms a page up and returns its cases.
func (b *bench) textCases(ctx context.Context, t *tab) ([]measure.Case, error) {
	var cases []measure.Case
	for _, length := range texts.Lengths {
		same := b.texts[t.system.vocab][length]
		slow := t.system.every > 1
		if slow && b.Quick && length > 16 {
			continue
		}
		if t.system.family != "effir" && (!slow || length == texts.Lengths[0]) {
			n, err := call[int](t, "tokens", same[0])
			if err != nil {
				return nil, err
			}
			if n != length {
				return nil, fmt.Errorf("%s reads %d tokens of %q, want %d", t.system.name, n, same[0], length)
			}
		}
		atLeast := window
		if b.Quick {
			atLeast = 0
		}
		// Engines compile the hot code again, better, while these run.
		if !slow || length == texts.Lengths[0] {
			for range 2 {
				if _, err := call[float64](t, "time", same, 2*atLeast); err != nil {
					return nil, err
				}
			}
		}
		cases = append(cases, measure.Case{
			Name: textCase(t.system.name, length), Unit: "ms", Every: t.system.every,
			Run: func(context.Context) (float64, error) { return call[float64](t, "time", same, atLeast) },
		})
	}
	return cases, ctx.Err()
}

// glueTokens is the length of the texts of which the part around the kernels is measured.
const glueTokens = 16

// kernelsCase names the series of the time that the kernels alone take for a text.
func kernelsCase(system string) string {
	return fmt.Sprintf("%s, kernels of %d tokens alone", system, glueTokens)
}

// onlyKernels returns the case of a text's kernels: the same calls in the same memory, without tokenizer,
// the program that makes the calls, and what goes in and out.
func (b *bench) onlyKernels(t *tab) (measure.Case, error) {
	atLeast := window
	if b.Quick {
		atLeast = 0
	}
	text := b.texts[t.system.vocab][glueTokens][0]
	run := func(context.Context) (float64, error) { return call[float64](t, "kernels", text, atLeast) }
	_, err := run(context.Background())
	return measure.Case{Name: kernelsCase(t.system.name), Unit: "ms", Run: run}, err
}

// samePairs lists pairs of systems with the same base model, ours first.
func samePairs(systems []system) (pairs [][2]string) {
	for _, a := range systems {
		for _, b := range systems {
			if a.base == b.base && a.family == "effir" && b.family != "effir" && a.phases.timed && b.phases.timed {
				pairs = append(pairs, [2]string{a.name, b.name})
			}
		}
	}
	return pairs
}

// cosineOf names the series that says how alike the embeddings of two systems are.
func cosineOf(pair [2]string) string { return "cosine of " + pair[0] + " and " + pair[1] }

func cosine(a, b []float64) (float64, error) {
	var dot, aa, bb float64
	for i := range min(len(a), len(b)) {
		dot, aa, bb = dot+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	if len(a) != len(b) || aa == 0 || bb == 0 {
		return 0, fmt.Errorf("embeddings of %d and %d numbers cannot be compared", len(a), len(b))
	}
	return dot / math.Sqrt(aa*bb), nil
}
