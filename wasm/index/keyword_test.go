package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func parsed(t testing.TB, builder *Builder) *Keyword {
	t.Helper()
	data, err := builder.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	keyword, err := ParseKeyword(data)
	if err != nil {
		t.Fatal(err)
	}
	return keyword
}

func build(t testing.TB, documents ...Document) *Keyword {
	t.Helper()
	builder := NewBuilder(DefaultParameters())
	for _, d := range documents {
		builder.Add(d)
	}
	return parsed(t, builder)
}

// randomDocuments have a skewed vocabulary, as text has.
func randomDocuments(count int) []Document {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return fmt.Sprintf("w%dx", random.IntN(1+random.IntN(1+random.IntN(1000)))) }
	documents := make([]Document, count)
	for i := range documents {
		var text strings.Builder
		for range random.IntN(80) {
			text.WriteString(word() + " ")
		}
		documents[i] = Document{Title: word(), Text: text.String()}
	}
	return documents
}

func docs(matches []KeywordMatch) []int {
	found := []int{}
	for _, m := range matches {
		found = append(found, m.Doc)
	}
	return found
}

func TestSearch(t *testing.T) {
	keyword := build(t,
		Document{Title: "context.WithCancel", Text: "returns a copy of parent with a new Done channel"},
		Document{Title: "http.Request", Text: "A Request is cancelled when its context is"},
		Document{Title: "sort.Slice", Text: "Slice sorts the slice"},
		Document{},
		Document{Title: "sort.Slice", Text: "Slice sorts the slice"},
	)
	tests := []struct {
		query  string
		typing bool
		want   []int
	}{
		{"", false, []int{}},
		{"", true, []int{}},
		{"the of", false, []int{}},
		{"absent", false, []int{}},
		{"cancel request", false, []int{1, 0}},
		{"sorting", false, []int{2, 4}}, // equal scores: lower number first
		{"withcancel", false, []int{0}},
		{"WithCan", false, []int{}},
		{"WithCan", true, []int{0}},
		{"withcan ", true, []int{}}, // finished by the space
		{"http.Req", true, []int{1}},
		{"cancellati", true, []int{0, 1}}, // the stem stands for the longer word
		{"s", true, []int{}},              // too short to complete
		{"sort sl", true, []int{2, 4}},
	}
	for _, test := range tests {
		search := keyword.Search
		if test.typing {
			search = keyword.SearchTyping
		}
		if got := docs(search(test.query, 10)); !slices.Equal(got, test.want) {
			t.Errorf("%q (typing %v): %v, want %v", test.query, test.typing, got, test.want)
		}
		if got := docs(search(test.query, 1)); !slices.Equal(got, test.want[:min(1, len(test.want))]) {
			t.Errorf("%q (typing %v), limit 1: %v", test.query, test.typing, got)
		}
		if got := search(test.query, 0); len(got) != 0 {
			t.Errorf("%q (typing %v), limit 0: %v", test.query, test.typing, got)
		}
	}
}

func TestTitleWeight(t *testing.T) {
	keyword := build(t, Document{Text: "alpha beta gamma delta"}, Document{Title: "alpha", Text: "beta gamma"})
	if got := docs(keyword.Search("alpha", 2)); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("got %v, want the title first", got)
	}
}

// Every word of every document must find exactly the documents that hold it.
func TestPostingsAreComplete(t *testing.T) {
	documents := randomDocuments(300)
	keyword := build(t, documents...)
	holders := make(map[string][]int)
	for doc, d := range documents {
		words := strings.Fields(d.Title + " " + d.Text)
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			holders[w] = append(holders[w], doc)
		}
	}
	if len(holders) != keyword.terms {
		t.Errorf("%d terms, want %d", keyword.terms, len(holders))
	}
	for word, want := range holders {
		got := docs(keyword.Search(word, len(documents)))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", word, got, want)
		}
	}
}

func TestSmallerLimitIsAPrefix(t *testing.T) {
	keyword := build(t, randomDocuments(400)...)
	const query = "w1x w2x w3x w9x"
	all := keyword.Search(query, 400)
	sorted := slices.IsSortedFunc(all, func(a, b KeywordMatch) int { return CompareMatches(a.Match, b.Match) })
	if !sorted || len(all) < 200 {
		t.Fatalf("%d matches, sorted: %v", len(all), sorted)
	}
	for _, limit := range []int{1, 2, 7, 100, 399} {
		if got := keyword.Search(query, limit); !slices.Equal(got, all[:min(limit, len(all))]) {
			t.Errorf("limit %d differs from the first of all", limit)
		}
	}
}

func TestCompletionsStayBounded(t *testing.T) {
	keyword := build(t, randomDocuments(2000)...)
	lists := keyword.completions("w1", map[int]bool{})
	if len(lists) != MaxCompletions {
		t.Fatalf("%d completions, want %d", len(lists), MaxCompletions)
	}
	for i := 1; i < len(lists); i++ {
		if lists[i].df > lists[i-1].df {
			t.Fatal("completions are not the most frequent ones first")
		}
	}
}

// The same figure on amd64, arm64 and wasm: no machine may rank differently.
func TestScoresHaveTheSameBitsEverywhere(t *testing.T) {
	keyword := build(t, randomDocuments(500)...)
	hash := fnv.New64a()
	for i := range 200 {
		for _, m := range keyword.SearchTyping(fmt.Sprintf("w%dx w%dx w%d", i, i*i%97, i%10), 50) {
			_ = binary.Write(hash, binary.LittleEndian, []uint32{uint32(m.Doc), math.Float32bits(m.Score)})
		}
	}
	if got, want := hash.Sum64(), uint64(0x56f09a8f02c09630); got != want {
		t.Errorf("hash of all scores %#x, want %#x", got, want)
	}
}

func TestImpactsAreScoresWithoutIDF(t *testing.T) {
	builder := NewBuilder(DefaultParameters())
	for _, d := range randomDocuments(200) {
		builder.Add(d)
	}
	keyword := parsed(t, builder)
	terms, last := 0, ""
	builder.Impacts(func(term string, docs []uint32, impacts []float32) {
		if term <= last {
			t.Fatalf("%q comes after %q", term, last)
		}
		terms, last = terms+1, term
		scores := make(map[int]float32)
		for _, m := range keyword.Search(term, keyword.Len()) {
			scores[m.Doc] = m.Score
		}
		if len(docs) != len(scores) || len(impacts) != len(docs) {
			t.Fatalf("%s: %d documents, %d are found", term, len(docs), len(scores))
		}
		for i, doc := range docs {
			if want := scores[int(doc)]; float32(IDF(keyword.Len(), len(docs))*impacts[i]) != want {
				t.Fatalf("%s: impact %g on document %d, which scores %g", term, impacts[i], doc, want)
			}
		}
	})
	if terms != keyword.terms {
		t.Errorf("%d terms, want %d", terms, keyword.terms)
	}
}

func TestBuilderIsDeterministic(t *testing.T) {
	var first []byte
	for range 3 {
		builder := NewBuilder(DefaultParameters())
		for _, d := range randomDocuments(100) {
			builder.Add(d)
		}
		data, err := builder.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(data, first) {
			t.Fatal("the same documents gave other bytes")
		}
		first = data
	}
}

func TestEmptyIndex(t *testing.T) {
	keyword := build(t)
	if keyword.Len() != 0 || len(keyword.SearchTyping("anything", 10)) != 0 {
		t.Error("an empty index found something")
	}
}

func TestBuilderRefusesParameters(t *testing.T) {
	nan := float32(math.NaN())
	for _, p := range []Parameters{{}, {K1: nan, B: 0.5}, {K1: 1, B: 2}, {K1: 1, B: nan}, {K1: 1, TitleWeight: -1}} {
		if _, err := NewBuilder(p).MarshalBinary(); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

func validKeyword(t testing.TB) []byte {
	t.Helper()
	builder := NewBuilder(DefaultParameters())
	for _, d := range randomDocuments(12) {
		builder.Add(d)
	}
	data, err := builder.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseKeywordRefusesTruncatedAndExtended(t *testing.T) {
	data := validKeyword(t)
	for n := range data {
		if _, err := ParseKeyword(data[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
	if _, err := ParseKeyword(append(slices.Clone(data), 0)); err == nil {
		t.Fatal("a byte too many was accepted")
	}
}

// Whatever a changed byte does, it must not break a search.
func TestParseKeywordSurvivesChangedBytes(t *testing.T) {
	data := validKeyword(t)
	refused := 0
	for i := range data {
		for _, x := range []byte{1, 0x80, 0xFF} {
			changed := slices.Clone(data)
			changed[i] ^= x
			keyword, err := ParseKeyword(changed)
			if err != nil {
				refused++
				continue
			}
			for _, m := range keyword.SearchTyping("w1x w2x w", 100) {
				if m.Doc < 0 || m.Doc >= keyword.Len() || m.Score != m.Score {
					t.Fatalf("byte %d changed: match %v", i, m)
				}
			}
		}
	}
	if refused < len(data) {
		t.Errorf("only %d changes of %d were refused", refused, 3*len(data))
	}
}

func TestParseKeywordChecksCountsBeforeAllocating(t *testing.T) {
	for field := range 7 {
		data := validKeyword(t)
		binary.LittleEndian.PutUint32(data[8+4*field:], 0xFFFFFFF0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := ParseKeyword(data); err == nil {
			t.Errorf("header field %d: accepted", field)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("header field %d: allocated %d bytes", field, used)
		}
	}
}

func FuzzParseKeyword(f *testing.F) {
	f.Add(validKeyword(f))
	empty, _ := NewBuilder(DefaultParameters()).MarshalBinary()
	f.Add(empty)
	f.Fuzz(func(t *testing.T, data []byte) {
		keyword, err := ParseKeyword(data)
		if err != nil {
			return
		}
		for _, m := range keyword.SearchTyping("w1x w2 a", 10) {
			if m.Doc < 0 || m.Doc >= keyword.Len() || m.Score != m.Score {
				t.Fatalf("match %v", m)
			}
		}
	})
}
