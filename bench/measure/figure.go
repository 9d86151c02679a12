package measure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/effir/effir/toolchain/results"
)

// Figure is a ratio that a benchmark is about.
type Figure struct {
	Name   string  // its key in the results file
	What   string  // in words
	Target float64 // to reach at least; 0: none
	Value  float64 // NaN: not measured
	Spread float64
	Reason string // why it was not measured
}

// Values turns figures into those of a results file, with the reasons for those that were not
// measured.
func Values(figures []Figure) (values results.Figures, missing map[string]string) {
	values, missing = results.Figures{}, map[string]string{}
	for _, f := range figures {
		values[f.Name] = f.Value
		if math.IsNaN(f.Value) {
			missing[f.Name] = f.Reason
		}
	}
	return values, missing
}

// Rows are figures as rows of a table: what, value with spread, target, and whether it is reached.
func Rows(figures []Figure) [][]string {
	var rows [][]string
	for _, f := range figures {
		value, mark := fmt.Sprintf("%.2f ± %.2f", f.Value, f.Spread), "reached"
		switch {
		case math.IsNaN(f.Value):
			value, mark = "not measured", f.Reason
		case f.Target == 0:
			mark = ""
		case f.Value < f.Target:
			mark = "not reached"
		}
		target := ""
		if f.Target != 0 {
			target = fmt.Sprintf("%.2f", f.Target)
		}
		rows = append(rows, []string{f.What, value, target, mark})
	}
	return rows
}

// Plain is the table of figures for a terminal.
func Plain(figures []Figure) string {
	var b strings.Builder
	for i, row := range Rows(figures) {
		fmt.Fprintf(&b, "%-38s %-16s", figures[i].Name, row[1])
		if row[2] != "" {
			fmt.Fprintf(&b, " at least %s", row[2])
		}
		if row[3] != "" {
			fmt.Fprintf(&b, " %s", row[3])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Markdown is the table of figures for a document. title stands over the first column, about below
// the table before machine and day.
func Markdown(title, about string, figures []Figure, r *Record) string {
	var b strings.Builder
	columns := 3
	if !slices.ContainsFunc(figures, func(f Figure) bool { return f.Target != 0 }) {
		columns = 2
	}
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join([]string{title, "times", "wanted"}[:columns], " | "), strings.Repeat("---|", columns))
	for _, row := range Rows(figures) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row[:columns], " | "))
	}
	fmt.Fprintf(&b, "\n%s %s, %s.\n", about, r.Machine, r.Date)
	return b.String()
}

// Best returns the series with the lowest median among those of several systems, and whose it is.
// name makes a series' name of a system's.
func Best(series []Series, systems []string, name func(system string) string) (best Series, of string) {
	for _, s := range systems {
		if found := Find(series, name(s)); of == "" || found.Median() < best.Median() || math.IsNaN(best.Median()) {
			best, of = found, s
		}
	}
	return best, of
}
