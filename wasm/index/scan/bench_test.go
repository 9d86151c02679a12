package scan_test

import (
	"testing"
	"time"

	"github.com/effir/effir/wasm/index"
	"github.com/effir/effir/wasm/kernel/native"
)

// BenchmarkParts times the parts of a search of 100,000 rows of 384 numbers for ten,
// each the least of interleaved rounds: the dot products alone, the search, the scores
// of all rows with the best hundred. ms of each are metrics.
func BenchmarkParts(b *testing.B) {
	const count, dims, limit = 100_000, 384, 10
	v, queries := clustered(b, count, dims, 1)
	k, err := native.Open()
	if err != nil {
		b.Fatal(err)
	}
	s := open(b, k, v, count)
	searcher := index.NewSearcher(v, s)
	var failure error
	p, err := k.Alloc(count*dims + 4*count)
	if err != nil {
		b.Fatal(err)
	}
	parts := []struct {
		name string
		run  func()
	}{
		{"dots-ms", func() { k.DotI8(p.Add(count*dims), p, p, count, dims) }},
		{"search-ms", func() { _, failure = searcher.Search(queries[0], limit) }},
		{"fused-ms", func() { _, _, failure = searcher.Scores(queries[0], 100) }},
	}
	least := make([]time.Duration, len(parts))
	for i := range least {
		least[i] = time.Hour
	}
	for b.Loop() {
		for i, part := range parts {
			start := time.Now()
			part.run()
			least[i] = min(least[i], time.Since(start))
			if failure != nil {
				b.Fatal(failure)
			}
		}
	}
	for i, part := range parts {
		b.ReportMetric(float64(least[i])/1e6, part.name)
	}
}
