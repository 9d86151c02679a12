package main

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/effir/effir/bench/measure"
)

func TestBrokenOffRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	open := func(rounds int) *state {
		t.Helper()
		s, err := openState(dir, &bench{Options: measure.Options{Rounds: rounds}, log: io.Discard, server: &server{tree: &tree{digest: "d"}}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	runs := 0
	phase := func(context.Context) (*outcome, error) {
		runs++
		return &outcome{Series: []measure.Series{series("x", 1.5, 2)}}, nil
	}
	do := func(s *state, want int) {
		t.Helper()
		out, err := s.do(t.Context(), "latency", phase)
		if err != nil || len(out.Series) != 1 || out.Series[0].Median() != 1.75 {
			t.Fatalf("outcome %+v, %v", out, err)
		}
		if runs != want {
			t.Errorf("the phase ran %d times, want %d", runs, want)
		}
	}
	do(open(20), 1)
	do(open(20), 1) // kept
	do(open(10), 2) // other rounds: measured anew
	s := open(10)
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	do(s, 3)
	broken := errors.New("broken")
	if _, err := s.do(t.Context(), "memory", func(context.Context) (*outcome, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("the phase's error became %v", err)
	}
}
