package evaluate

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Result is the comparison on one dataset.
type Result struct {
	Dataset   string
	Documents int
	Systems   []System
}

// WriteTable prints results for people, a line per system.
func WriteTable(w io.Writer, results []Result) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "dataset\tdocuments\tqueries\tsystem\tnDCG@10\trecall@100\tMRR@10")
	for _, result := range results {
		for _, s := range result.Systems {
			fmt.Fprintf(out, "%s\t%d\t%d\t%s\t%.4f\t%.4f\t%.4f\n",
				result.Dataset, result.Documents, len(s.Queries), s.Name, s.Mean.NDCG10, s.Mean.Recall100, s.Mean.MRR10)
		}
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

// figureName writes a name in lower-case letters, digits, '.' and '_'.
func figureName(name string) string {
	out := []byte(name)
	for i, c := range out {
		switch {
		case 'A' <= c && c <= 'Z':
			out[i] = c + 'a' - 'A'
		case c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z'):
			out[i] = '_'
		}
	}
	return string(out)
}
