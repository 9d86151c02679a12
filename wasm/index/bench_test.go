package index

import "testing"

func BenchmarkBuild(b *testing.B) {
	documents := randomDocuments(5000)
	for b.Loop() {
		builder := NewBuilder(DefaultParameters())
		for _, d := range documents {
			builder.Add(d)
		}
		if _, err := builder.MarshalBinary(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(documents))/b.Elapsed().Seconds(), "docs/s")
}

func BenchmarkParseKeyword(b *testing.B) {
	builder := NewBuilder(DefaultParameters())
	for _, d := range randomDocuments(5000) {
		builder.Add(d)
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ParseKeyword(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	keyword := build(b, randomDocuments(5000)...)
	for name, search := range map[string]func(string, int) []KeywordMatch{"finished": keyword.Search, "typing": keyword.SearchTyping} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				search("w3x w70x w150x w700x w4", 100)
			}
		})
	}
}

func BenchmarkVectorSearch(b *testing.B) {
	vectors, rows := randomVectors(b, 5000, 384)
	searcher := NewSearcher(vectors, NewScanner(vectors))
	for b.Loop() {
		if _, err := searcher.Search(rows[0], 100); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/vector")
}
