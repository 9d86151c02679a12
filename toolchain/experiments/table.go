// Package experiments runs the comparisons that docs/experiments.md reports: each
// table is a list of rows, each row a chain of effir commands that turn one
// checkpoint into another, and all rows are measured together.
//
// Runs go on where they stopped: what a command made is kept under a name that
// follows from the whole chain of commands, so rows share their common beginnings.
package experiments

import (
	"fmt"
	"slices"
)

// Table is one experiment.
type Table struct {
	Name     string // "precision": of the command and the files
	Title    string
	Question string // one paragraph: what is asked, and how
	Base     string // checkpoint that all rows start from, as effir commands name it
	Rows     []Row  // the first one is what the others are held against
}

// Select keeps the first row and those named; without names it keeps all.
func (t *Table) Select(names []string) error {
	if len(names) == 0 {
		return nil
	}
	kept := t.Rows[:1:1]
	for _, name := range names {
		i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Name == name })
		switch {
		case i < 0:
			var all []string
			for _, r := range t.Rows {
				all = append(all, r.Name)
			}
			return fmt.Errorf("experiment %s has no row %q: its rows are %q", t.Name, name, all)
		case i > 0:
			kept = append(kept, t.Rows[i])
		}
	}
	t.Rows = kept
	return nil
}

// Row is one way of treating the base.
type Row struct {
	Name  string
	Steps []Step
	// Seeded says that the result depends on the seed, so that the row is run
	// once for each.
	Seeded bool
	// Bits of a weight of the layers, scale and minimum of its group included; 0: float32.
	Bits float64
}

// Step is a command line of effir, "compress", "finetune" or "quantise", without
// --model and --out, which the runner adds. In arguments these words are replaced:
//
//	{base}    the table's base
//	{seed}    the seed
//	{tokens}  the budget of training tokens
//	{run}     the folder of the step before
//	{data}    --data FILE for each file of training data
type Step []string

// Settings of a run.
type Settings struct {
	Tokens    int64    // budget of training tokens of a row
	Seeds     []uint64 // at least one
	Data      []string // files of training pairs, perhaps with =weight
	Datasets  []string // BEIR folders to measure on
	Documents int      // of each, 0 for all; see evaluate.Subset
	Queries   int
	Work      string // folder of what commands make
}

// arguments returns the command line of a step.
func (s Step) arguments(base, model, run, out string, seed uint64, settings Settings) []string {
	args := []string{s[0], "--model", model}
	for _, arg := range s[1:] {
		switch arg {
		case "{data}":
			for _, file := range settings.Data {
				args = append(args, "--data", file)
			}
		default:
			args = append(args, expand(arg, base, run, seed, settings))
		}
	}
	return append(args, "--out", out)
}
