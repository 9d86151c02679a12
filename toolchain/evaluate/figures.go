package evaluate

import (
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/toolchain/corpus"
)

// Figures of one query or the mean of several, each in [0, 1].
type Figures struct {
	// NDCG10 is the discounted cumulative gain of the first 10 documents over
	// that of the best possible 10. The gain is the relevance itself (linear,
	// as in trec_eval's ndcg_cut), the discount log2(rank + 1).
	NDCG10 float64
	// Recall100 is the share of the relevant documents that are among the
	// first 100.
	Recall100 float64
	// MRR10 is 1 over the rank of the first relevant document, 0 if it is not
	// among the first 10.
	MRR10 float64
}

// Report holds the figures of a run.
type Report struct {
	Queries map[string]Figures
	Mean    Figures
}

// Evaluate compares a run with judgements. Relevant is what is judged above 0;
// unjudged documents are not relevant. Every judged query counts: one that the
// run lacks, or that has nothing relevant, has figures 0. Queries that are not
// judged are ignored. The mean is taken in the order of the query ids.
func Evaluate(run Run, qrels corpus.Qrels) (*Report, error) {
	report := &Report{Queries: make(map[string]Figures, len(qrels))}
	ids := make([]string, 0, len(qrels))
	for query, judged := range qrels {
		docs, err := ranked(run[query])
		if err != nil {
			return nil, fmt.Errorf("run, query %q: %w", query, err)
		}
		report.Queries[query] = figures(docs, judged)
		ids = append(ids, query)
	}
	slices.Sort(ids)
	for _, id := range ids {
		f := report.Queries[id]
		report.Mean.NDCG10 += f.NDCG10
		report.Mean.Recall100 += f.Recall100
		report.Mean.MRR10 += f.MRR10
	}
	if n := float64(len(ids)); n > 0 {
		report.Mean.NDCG10 /= n
		report.Mean.Recall100 /= n
		report.Mean.MRR10 /= n
	}
	return report, nil
}

// figures of one ranking, best document first.
func figures(docs []string, judged map[string]int) Figures {
	var ideal []int // relevances above 0
	for _, relevance := range judged {
		if relevance > 0 {
			ideal = append(ideal, relevance)
		}
	}
	if len(ideal) == 0 {
		return Figures{}
	}
	slices.Sort(ideal)
	slices.Reverse(ideal)

	gains := make([]int, len(docs))
	found, first := 0, 0
	for i, doc := range docs {
		gains[i] = max(judged[doc], 0)
		if gains[i] == 0 {
			continue
		}
		if i < 100 {
			found++
		}
		if first == 0 {
			first = i + 1
		}
	}
	f := Figures{
		NDCG10:    gain(gains, 10) / gain(ideal, 10),
		Recall100: float64(found) / float64(len(ideal)),
	}
	if first >= 1 && first <= 10 {
		f.MRR10 = 1 / float64(first)
	}
	return f
}

// gain is the discounted cumulative gain of the first depth relevances.
func gain(relevances []int, depth int) float64 {
	var sum float64
	for i, relevance := range relevances[:min(depth, len(relevances))] {
		sum += float64(relevance) / math.Log2(float64(i+2))
	}
	return sum
}
