package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kernelChoice is which kernels a tab of ours computed with and how they multiply, as in "relaxed, fours".
// Every page decides for itself by measuring; results of two tabs that decided differently say more of
// the decision than of what they are named after.
type kernelChoice struct{ System, Choice string }

// addChoice asks a tab for its choice, for which it may wait: the tab must have embedded a text.
// Systems of others have none.
func (o *outcome) addChoice(t *tab) error {
	choice, err := call[string](t, "choice")
	if err == nil && choice != "" {
		o.Choices = append(o.Choices, kernelChoice{t.system.name, choice})
	}
	return err
}

// choices returns the different choices of each system's tabs.
func choices(phases map[string]*outcome) map[string][]string {
	found := map[string][]string{}
	for _, o := range phases {
		for _, c := range o.Choices {
			if !slices.Contains(found[c.System], c.Choice) {
				found[c.System] = append(found[c.System], c.Choice)
			}
		}
	}
	for _, list := range found {
		slices.Sort(list)
	}
	return found
}

// choiceOf names the entry of a system's choice in the results.
func choiceOf(system string) string { return "kernels of " + system }

// warnOfChoices says which tabs chose what, if not all chose the same.
func warnOfChoices(found map[string][]string) string {
	systems := map[string][]string{}
	for _, system := range slices.Sorted(maps.Keys(found)) {
		for _, choice := range found[system] {
			systems[choice] = append(systems[choice], system)
		}
	}
	if len(systems) < 2 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintln(&text, "WARNING: pages of this run chose different kernels, though they ran on one machine; measure again.")
	for _, choice := range slices.Sorted(maps.Keys(systems)) {
		fmt.Fprintf(&text, "  %s: %s\n", choice, strings.Join(systems[choice], "; "))
	}
	return text.String()
}
