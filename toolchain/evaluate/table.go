package evaluate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Result is the comparison on one dataset.
type Result struct {
	Dataset   string
	Documents int
	Systems   []System
}

// System returns the system of that name, or nil.
func (r Result) System(name string) *System {
	for i := range r.Systems {
		if r.Systems[i].Name == name {
			return &r.Systems[i]
		}
	}
	return nil
}

// Mean returns the mean figures of a system over all datasets, each counting
// once. ok is false if a dataset lacks the system.
func Mean(results []Result, system string) (mean Figures, ok bool) {
	for _, result := range results {
		s := result.System(system)
		if s == nil {
			return Figures{}, false
		}
		mean.NDCG10 += s.Mean.NDCG10
		mean.Recall100 += s.Mean.Recall100
		mean.MRR10 += s.Mean.MRR10
	}
	n := float64(len(results))
	return Figures{mean.NDCG10 / n, mean.Recall100 / n, mean.MRR10 / n}, n > 0
}

// SystemNames lists the systems of results in order of appearance.
func SystemNames(results []Result) []string {
	var names []string
	seen := make(map[string]bool)
	for _, result := range results {
		for _, s := range result.Systems {
			if !seen[s.Name] {
				seen[s.Name] = true
				names = append(names, s.Name)
			}
		}
	}
	return names
}

// WriteTable prints results for people, a line per dataset and system, and the
// means over several datasets.
func WriteTable(w io.Writer, results []Result) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "dataset\tdocuments\tqueries\tsystem\tnDCG@10\trecall@100\tMRR@10")
	for _, result := range results {
		for _, s := range result.Systems {
			fmt.Fprintf(out, "%s\t%d\t%d\t%s\t%.4f\t%.4f\t%.4f\n",
				result.Dataset, result.Documents, len(s.Queries), s.Name, s.Mean.NDCG10, s.Mean.Recall100, s.Mean.MRR10)
		}
	}
	if len(results) > 1 {
		for _, name := range SystemNames(results) {
			if mean, ok := Mean(results, name); ok {
				fmt.Fprintf(out, "mean of %d\t\t\t%s\t%.4f\t%.4f\t%.4f\n", len(results), name, mean.NDCG10, mean.Recall100, mean.MRR10)
			}
		}
	}
	return out.Flush()
}

// WriteMarkdown writes nDCG@10 as a Markdown table, a row per system and a
// column per dataset, with the mean and what the models cost. A star marks a
// fusion that tests tell from BM25 (p < 0.05, adjusted).
func WriteMarkdown(w io.Writer, results []Result, models []Model, tests []PairTest) error {
	var b strings.Builder
	b.WriteString("| system |")
	for _, result := range results {
		b.WriteString(" " + result.Dataset + " |")
	}
	b.WriteString(" mean | MB | million multiply-adds a token |\n|---|" + strings.Repeat("---:|", len(results)+3) + "\n")
	cost := make(map[string]Cost)
	for _, m := range models {
		cost[m.Name] = m.Cost
	}
	for _, name := range SystemNames(results) {
		fmt.Fprintf(&b, "| %s |", name)
		var model string
		for _, result := range results {
			s := result.System(name)
			if s == nil {
				b.WriteString(" |")
				continue
			}
			model = s.Model
			star := ""
			if s.Fused && slices.ContainsFunc(tests, func(t PairTest) bool {
				return t.Dataset == result.Dataset && t.A == name && t.B == BM25 && t.Adjusted < significant
			}) {
				star = "*"
			}
			fmt.Fprintf(&b, " %.4f%s |", s.Mean.NDCG10, star)
		}
		if mean, ok := Mean(results, name); ok {
			fmt.Fprintf(&b, " %.4f |", mean.NDCG10)
		} else {
			b.WriteString(" |")
		}
		fmt.Fprintf(&b, " %s | %s |\n", millions(cost[model].Bytes), millions(cost[model].MACs))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// significant is the level below which a difference counts.
const significant = 0.05

// millions writes a number in millions, nothing for 0, which is unknown.
func millions(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(n)/1e6)
}

// WriteComparisons prints significance tests for people.
func WriteComparisons(w io.Writer, tests []PairTest) error {
	if len(tests) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "system\tagainst\tdataset\tdifference\tp\tp (Holm)\tbetter\tequal\tworse")
	for _, t := range tests {
		fmt.Fprintf(out, "%s\t%s\t%s\t%+.4f\t%.4f\t%.4f\t%d\t%d\t%d\n",
			t.A, t.B, t.Dataset, t.Difference, t.P, t.Adjusted, t.Wins, t.Ties, t.Losses)
	}
	return out.Flush()
}

// NamedFigures names the means of results for a results file:
// "scifact_bm25_ndcg_at_10".
func NamedFigures(results []Result) map[string]float64 {
	named := make(map[string]float64)
	for _, result := range results {
		for _, s := range result.Systems {
			prefix := figureName(result.Dataset) + "_" + figureName(s.Name) + "_"
			named[prefix+"ndcg_at_10"] = s.Mean.NDCG10
			named[prefix+"recall_at_100"] = s.Mean.Recall100
			named[prefix+"mrr_at_10"] = s.Mean.MRR10
		}
		named[figureName(result.Dataset)+"_queries"] = float64(len(result.Systems[0].Queries))
	}
	return named
}

// figureName writes a name in lower-case letters, digits, '.' and single '_'.
func figureName(name string) string {
	var out []byte
	for _, c := range []byte(strings.ToLower(name)) {
		if c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			c = '_'
			if n := len(out); n > 0 && out[n-1] == '_' {
				continue
			}
		}
		out = append(out, c)
	}
	return strings.Trim(string(out), "_")
}
