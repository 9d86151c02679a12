package evaluate

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// WriteTREC writes a run in the format of trec_eval, a line "query Q0 document
// rank score tag" per document, so that anyone can check the figures. Lines
// are ordered by query id and as trec_eval ranks; scores are exact.
func WriteTREC(w io.Writer, run Run, tag string) error {
	out := bufio.NewWriter(w)
	for _, query := range slices.Sorted(maps.Keys(run)) {
		docs, err := ranked(run[query])
		if err != nil {
			return fmt.Errorf("run, query %q: %w", query, err)
		}
		scores := make(map[string]float32, len(docs))
		for _, s := range run[query] {
			scores[s.Doc] = s.Score
		}
		for i, doc := range docs {
			score := strconv.FormatFloat(float64(scores[doc]), 'g', -1, 32)
			if _, err := fmt.Fprintf(out, "%s Q0 %s %d %s %s\n", query, doc, i+1, score, tag); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
