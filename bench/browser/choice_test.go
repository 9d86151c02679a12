package main

import (
	"slices"
	"strings"
	"testing"
)

func TestDifferentChoicesAreWarnedOf(t *testing.T) {
	phases := map[string]*outcome{
		"latency":   {Choices: []kernelChoice{{effirMiniLM, "relaxed, fours"}, {effirMiniLM7, "relaxed, fours"}}},
		"documents": {Choices: []kernelChoice{{clientMiniLM, "relaxed, fours"}, {clientMiniLM, "relaxed, fours"}}},
		"memory":    {},
	}
	if text := warnOfChoices(choices(phases)); text != "" {
		t.Errorf("all chose the same, warned all the same: %s", text)
	}
	phases["latency"].Choices[1].Choice = "relaxed, twos"
	phases["documents"].Choices[0].Choice = "baseline"
	found := choices(phases)
	if got := found[clientMiniLM]; !slices.Equal(got, []string{"baseline", "relaxed, fours"}) {
		t.Errorf("choices of one system: %q", got)
	}
	text := warnOfChoices(found)
	for _, want := range []string{
		"WARNING",
		"baseline: " + clientMiniLM + "\n",
		"relaxed, fours: " + effirMiniLM + "; " + clientMiniLM + "\n",
		"relaxed, twos: " + effirMiniLM7 + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the warning lacks %q:\n%s", want, text)
		}
	}
}
