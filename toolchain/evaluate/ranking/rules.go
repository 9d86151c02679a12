package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/retriever"
	"github.com/effir/effir/wasm/site"
)

// depth of the rankings that are fused, and of the pages that count.
const (
	depth  = retriever.FuseDepth
	wanted = 10
)

// rule is a way to rank pages by the passages of both rankings.
type rule struct {
	name    string
	keyword func(m, best index.KeywordMatch) float64 // what keywords give a passage; best is the first hit
	meaning float64                                  // weight of z |z|
	page    func(scores []float64) float64           // a page's score from its passages', best first
}

// rules lists the one before, the one that is used and its neighbours.
func rules() []rule {
	share := func(m, best index.KeywordMatch) float64 { return float64(m.Score / best.Score) }
	fit := func(m, _ index.KeywordMatch) float64 { return float64(m.Fit) }
	none := func(index.KeywordMatch, index.KeywordMatch) float64 { return 0 }
	list := []rule{
		{"BM25", share, 0, best},
		{"BM25, norm 8", share, 0, norm(8)},
		{"meaning", none, 1, best},
		{"meaning, norm 8", none, 1, norm(8)},
		{"share of best BM25 + 0.02 z²", share, 0.02, best},
		{"share of best BM25 + 0.04 z²", share, 0.04, best},
		{"share of best BM25 + 0.02 z², sum", share, 0.02, sum},
		{"share of best BM25 + 0.02 z², norm 8", share, 0.02, norm(8)},
		{"fit + 0.03 z²", fit, 0.03, best},
		{"fit + 0.03 z², sum", fit, 0.03, sum},
	}
	for _, p := range []float64{2, 4, 16} {
		list = append(list, rule{fmt.Sprintf("fit + 0.03 z², norm %g", p), fit, 0.03, norm(p)})
	}
	for _, weight := range []float64{0.01, 0.02, 0.03, 0.05} {
		list = append(list, rule{fmt.Sprintf("fit + %g z², norm 8", weight), fit, weight, norm(8)})
	}
	return list
}

func best(scores []float64) float64 { return scores[0] }

// sum counts a page's second passage at 0.3 and its third at 0.2.
func sum(scores []float64) float64 {
	weights := [retriever.PageDepth]float64{1, 0.3, 0.2}
	total := scores[0]
	for i, s := range scores[:min(len(scores), len(weights))] {
		if i > 0 {
			total += weights[i] * max(s, 0)
		}
	}
	return total
}

// norm returns (s1^p + s2^p + s3^p)^(1/p): retriever.PageScore for p = 8.
func norm(p float64) func(scores []float64) float64 {
	return func(scores []float64) float64 {
		if scores[0] <= 0 {
			return scores[0]
		}
		var total float64
		for _, s := range scores[:min(len(scores), retriever.PageDepth)] {
			total += math.Pow(max(s, 0), p)
		}
		return math.Pow(total, 1/p)
	}
}

// rank returns the best pages for a question.
func (m *measured) rank(r rule, question int) []int {
	q := m.queries[question]
	scores := make(map[int]float64)
	spread := retriever.DistributionOf(q.cosines)
	standing := func(passage int) float64 { return r.meaning * float64(spread.Standing(q.cosines[passage])) }
	if r.meaning > 0 {
		for _, match := range index.Top(q.cosines, depth) {
			scores[match.Doc] = standing(match.Doc)
		}
	}
	for _, match := range q.keyword {
		if x := r.keyword(match, q.keyword[0]); x > 0 {
			scores[match.Doc] = x + standing(match.Doc)
		}
	}
	byPage := make(map[int][]float64)
	for passage, score := range scores {
		byPage[m.pageOf[passage]] = append(byPage[m.pageOf[passage]], score)
	}
	var pages []index.Match
	for page, list := range byPage {
		slices.SortFunc(list, func(a, b float64) int { return cmp.Compare(b, a) })
		pages = append(pages, index.Match{Doc: page, Score: float32(r.page(list))})
	}
	slices.SortFunc(pages, index.CompareMatches)
	var found []int
	for _, page := range pages[:min(wanted, len(pages))] {
		found = append(found, page.Doc)
	}
	return found
}

// writeBundle makes the site's bundle in a temporary folder.
func (m *measured) writeBundle(ctx context.Context) (err error) {
	if m.dir, err = os.MkdirTemp("", "ranking"); err != nil {
		return err
	}
	content := site.Content{Pages: m.pages, Vectors: m.vectors, Model: strings.Repeat("0", 64), Fusion: index.DefaultFusion()}
	if _, err := site.Write(ctx, m.dir, content, nil); err != nil {
		return err
	}
	m.bundle, err = site.Open(os.DirFS(m.dir))
	return err
}

// search returns the best pages by the bundle, which reads no more clusters than for a browser.
func (m *measured) search(mode string, question int) []int {
	q := site.Query{Text: m.questions[question].text, Vector: m.queries[question].vector, Limit: wanted}
	switch mode {
	case "keyword":
		q.Vector = nil
	case "meaning":
		q.Text = ""
	}
	results, err := m.bundle.Search(q)
	if err != nil { // of files that were just written
		panic(err)
	}
	var found []int
	for _, hit := range results.Hits {
		found = append(found, hit.Number)
	}
	return found
}

// kinds returns the kinds of questions in their order.
func (m *measured) kinds() []string {
	var list []string
	for _, q := range m.questions {
		if !slices.Contains(list, q.kind) {
			list = append(list, q.kind)
		}
	}
	return list
}

func header(out io.Writer, sites []*measured) {
	fmt.Fprint(out, "| nDCG@10 | mean | keywords fail |")
	columns := 3
	for _, m := range sites {
		for _, kind := range m.kinds() {
			fmt.Fprintf(out, " %s: %s |", m.name, kind)
			columns++
		}
	}
	fmt.Fprintf(out, "\n|%s\n", strings.Repeat("---|", columns))
}

// row prints the mean over kinds of questions, which count alike, that over questions whose page BM25
// does not find, and each kind's. One page answers a question, so that nDCG is 1 / log2(rank + 1).
func row(out io.Writer, sites []*measured, name string, rank func(m *measured, question int) []int) {
	var each []float64
	var failed, failures float64
	for _, m := range sites {
		sums, counts := make(map[string]float64), make(map[string]float64)
		for i, q := range m.questions {
			counts[q.kind]++
			var gain float64
			if at := slices.Index(rank(m, i), q.page); at >= 0 {
				gain = 1 / math.Log2(float64(at+2))
			}
			sums[q.kind] += gain
			if m.missed[i] {
				failed += gain
				failures++
			}
		}
		for _, kind := range m.kinds() {
			each = append(each, sums[kind]/counts[kind])
		}
	}
	var mean float64
	for _, x := range each {
		mean += x / float64(len(each))
	}
	fmt.Fprintf(out, "| %s | %.4f | %.4f |", name, mean, failed/failures)
	for _, x := range each {
		fmt.Fprintf(out, " %.3f |", x)
	}
	fmt.Fprintln(out)
}
