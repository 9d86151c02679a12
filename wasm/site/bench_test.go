package site

import (
	"context"
	"testing"
)

func BenchmarkClusters(b *testing.B) {
	vectors := testVectors(b, 40_000, 384)
	for b.Loop() {
		if _, err := makeClusters(vectors, func(int) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	c := testContent(b, 2000, 384)
	for b.Loop() {
		if _, err := Write(context.Background(), b.TempDir(), c, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*c.passages())/b.Elapsed().Seconds(), "passages/s")
}

func BenchmarkSearch(b *testing.B) {
	c := testContent(b, 2000, 384)
	s := opened(b, written(b, c))
	queries := testQueries(c, 64)
	i := 0
	for b.Loop() {
		search(b, s, Query{Text: queries[i%len(queries)], Vector: row(c.Vectors, i%c.Vectors.Len())})
		i++
	}
}
