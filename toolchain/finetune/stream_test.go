package finetune

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/toolchain/reader"
)

// streamOf opens the data of a run.
func streamOf(t *testing.T, o Options) *stream {
	t.Helper()
	network, err := openNetwork(o.Model, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer network.checkpoint.Close()
	r, err := reader.New(network, slices.Max(o.Buckets))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openStream(o, r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rows counts the texts of batches by their tokens.
func rows(batches []batch) map[string]int {
	count := map[string]int{}
	for _, b := range batches {
		for _, block := range b.blocks {
			p := block.padded[0]
			for i, n := range p.lengths {
				count[fmt.Sprint(p.ids[i*p.length:i*p.length+int(n)])]++
			}
		}
	}
	return count
}

// TestEpoch checks that an epoch has each text, as often as the file's weight
// says, in rectangles of the given size.
func TestEpoch(t *testing.T) {
	o := options(t)
	o.Mix = Mix{Query: 1, Passage: 2}
	s := streamOf(t, o)
	batches, err := s.chunk(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	count, texts := rows(batches), 0
	for _, b := range batches {
		p := b.blocks[0].padded[0]
		if p.rows*p.length != o.BatchTokens || !slices.Contains(o.Buckets, p.length) || len(p.ids) != o.BatchTokens {
			t.Errorf("a batch of %d x %d", p.rows, p.length)
		}
		sum := 0
		for i, n := range p.lengths {
			sum += int(n)
			row := p.ids[i*p.length:][:p.length]
			if n < 3 || row[0] != 2 || row[n-1] != 3 || slices.ContainsFunc(row[n:], func(id int32) bool { return id != 0 }) {
				t.Fatalf("row %v of %d tokens", row, n)
			}
		}
		if b.tokens != sum || b.texts != p.rows {
			t.Errorf("a batch of %d texts and %d tokens says %d and %d", p.rows, sum, b.texts, b.tokens)
		}
		texts += p.rows
	}
	// 40 queries, 40 positives and 80 negatives twice; a batch has 8 rows at most.
	if texts < 40+240 || texts > 40+240+7 {
		t.Errorf("%d texts, want 280 and a few to fill the last batch", texts)
	}
	for _, p := range s.files[0] {
		for i, text := range append([]string{p.Query, p.Positive}, p.Negatives...) {
			ids, err := s.readers[0].Read(text, kindOf(i == 0))
			if err != nil {
				t.Fatal(err)
			}
			if n := count[fmt.Sprint(ids)]; n < min(i+1, 2) {
				t.Errorf("%q is there %d times", text, n)
			}
		}
	}
	if more, err := s.chunk(0, 1); err != nil || more != nil {
		t.Errorf("another chunk: %v, %v", more, err)
	}
	again, err := streamOf(t, o).chunk(0, 0)
	if err != nil || !reflect.DeepEqual(again, batches) {
		t.Error("the same chunk differs the second time")
	}
	next, err := s.chunk(1, 0)
	if err != nil || reflect.DeepEqual(next, batches) {
		t.Error("the second epoch has the order of the first")
	}
}

// TestWeights checks that a weight of 0.3 gives every pair once in ten epochs of
// three tenths, thrice.
func TestWeights(t *testing.T) {
	s := &stream{sources: []pairs.Source{{Weight: 0.3}, {Weight: 2}}, files: [][]pairs.Pair{make([]pairs.Pair, 10), make([]pairs.Pair, 4)}}
	var seen [2][10]int
	for epoch := range 10 {
		s.arrange(epoch)
		if len(s.order) != 3+8 {
			t.Errorf("epoch %d has %d pairs, want 11", epoch, len(s.order))
		}
		for _, p := range s.order {
			seen[p.file][p.pair]++
		}
	}
	for i, n := range seen[0] {
		if n != 3 {
			t.Errorf("pair %d of the first file: %d times, want 3", i, n)
		}
	}
	for i, n := range seen[1][:4] {
		if n != 20 {
			t.Errorf("pair %d of the second file: %d times, want 20", i, n)
		}
	}
}

// TestFeed checks that reading may start anywhere.
func TestFeed(t *testing.T) {
	o := options(t)
	s := streamOf(t, o)
	f := s.from(cursor{})
	defer f.stop()
	var list []batch
	var places []cursor
	for range 60 { // more than an epoch
		b, at, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		list, places = append(list, b), append(places, at)
	}
	if places[59].Epoch == 0 {
		t.Fatal("one epoch has all batches")
	}
	for i := 0; i < 59; i += 7 {
		g := streamOf(t, o).from(places[i])
		b, at, err := g.next()
		g.stop()
		if err != nil || at != places[i+1] || !reflect.DeepEqual(b, list[i+1]) {
			t.Errorf("from %+v: place %+v, want %+v (%v)", places[i], at, places[i+1], err)
		}
	}
}

// TestPairBatch checks the layout that the losses rely on, and which passages are
// no negatives.
func TestPairBatch(t *testing.T) {
	o := contrastive(t)
	s := streamOf(t, o)
	short := func(words string) text { return text{text: words, tokens: [2][]int32{{2, 7, 3}}} }
	list := []example{
		{short("q1"), []text{short("p1"), short("n1"), short("p2")}},
		{short("q2"), []text{short("p2"), short("n2"), short("n3")}},
		{short("q1"), []text{short("p3"), short("n4"), short("n5")}},
		{short("q4"), []text{short("p1"), short("n6"), short("n7")}},
	}
	b := s.pairBatch(16, list)
	if q, p := b.blocks[0].padded[0], b.blocks[1].padded[0]; q.rows != 4 || p.rows != 12 || p.length != 16 {
		t.Fatalf("blocks of %d x %d and %d x %d", q.rows, q.length, p.rows, p.length)
	}
	// Columns: p1 p2 p3 p1 | n1 p2 | n2 n3 | n4 n5 | n6 n7.
	want := map[[2]int]bool{
		{0, 3}: true, {0, 2}: true, // the same passage; the positive of the same query
		{1, 5}: true,
		{2, 0}: true,
		{3, 0}: true,
	}
	for i := range 4 {
		for j := range 12 {
			if got := b.exclude[i*12+j]; got != want[[2]int{i, j}] {
				t.Errorf("query %d, passage %d: excluded %v", i, j, got)
			}
		}
	}
}

// TestSameSource checks that a step's pairs come from one file if asked, from
// several otherwise, and that none is lost.
func TestSameSource(t *testing.T) {
	o := contrastive(t)
	o.Data = []pairs.Source{somePairs(t, 41), somePairs(t, 23)}
	for _, same := range []bool{false, true} {
		o.SameSource = same
		s := streamOf(t, o)
		from := map[string]int{} // the file of each query, as tokens
		for file, list := range s.files {
			for _, p := range list {
				ids, err := s.readers[0].Read(p.Query, kindOf(true))
				if err != nil {
					t.Fatal(err)
				}
				from[fmt.Sprint(ids)] |= 1 << file
			}
		}
		batches, err := s.chunk(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		mixed, seen := 0, map[string]bool{}
		for _, b := range batches {
			common := 1<<0 | 1<<1
			queries := batch{blocks: b.blocks[:1]}
			for query := range rows([]batch{queries}) {
				common &= from[query]
				seen[query] = true
			}
			if common == 0 {
				mixed++
			}
		}
		if len(seen) != len(from) {
			t.Errorf("same source %v: %d of %d queries", same, len(seen), len(from))
		}
		if same != (mixed == 0) {
			t.Errorf("same source %v: %d of %d steps have pairs of both files", same, mixed, len(batches))
		}
	}
}

// TestBucketed checks that nothing is lost and that the last group is full.
func TestBucketed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 200; n += 13 {
		var items []int
		for range n {
			items = append(items, 1+r.IntN(40))
		}
		want := slices.Sorted(slices.Values(items))
		groups := bucketed(items, []int{10, 20, 40}, func(bucket int) int { return 80 / bucket }, r, func(x int) int { return x })
		var got []int
		for i, g := range groups {
			if len(g.items) != 80/g.bucket {
				t.Errorf("group %d of %d: %d items for the bucket %d", i, len(groups), len(g.items), g.bucket)
			}
			if slices.Max(g.items) > g.bucket {
				t.Errorf("an item of %d in the bucket %d", slices.Max(g.items), g.bucket)
			}
			got = append(got, g.items...)
		}
		if len(got) < n || len(got) > n+7 {
			t.Errorf("%d items became %d", n, len(got))
		}
		slices.Sort(got)
		for _, x := range want {
			i, found := slices.BinarySearch(got, x)
			if !found {
				t.Fatalf("an item of length %d is lost", x)
			}
			got = slices.Delete(got, i, i+1)
		}
	}
}

// TestTeacherTokens checks that a teacher with its own tokenizer reads the same
// texts.
func TestTeacherTokens(t *testing.T) {
	o := options(t)
	o.Model, o.Loss, o.Out = llama(t), Loss{Align: 1}, t.TempDir()
	s, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if !s.stepper.separate || len(s.stream.readers) != 2 {
		t.Fatal("the teacher has no tokens of its own")
	}
	batches, err := s.stream.chunk(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		mine, its := b.blocks[0].padded[0], b.blocks[0].padded[1]
		if mine.rows != its.rows || its.ids[0] != 2 {
			t.Fatalf("%d and %d rows, the teacher's first token is %d", mine.rows, its.rows, its.ids[0])
		}
		if len(s.stepper.inputs(b, 0, 0, 0)) != 5 {
			t.Fatal("the step does not get both")
		}
	}
}

func TestParseLoss(t *testing.T) {
	l, err := ParseLoss("align=0.5, hidden,kl=2")
	if err != nil || l != (Loss{Align: 0.5, Hidden: 1, KL: 2}) {
		t.Errorf("%+v, %v", l, err)
	}
	if names := l.Parts(); !slices.Equal(names, []string{"align", "hidden", "kl"}) || !slices.Equal(l.weights(), []float64{0.5, 1, 2}) {
		t.Errorf("parts %v, weights %v", names, l.weights())
	}
	for _, text := range []string{"", "other", "align=-1", "align=NaN", "align=x", "align,,kl"} {
		if _, err := ParseLoss(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if m, err := ParseMix("query=2,piece=0"); err != nil || m != (Mix{Query: 2}) {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestBackendError checks that a wrong backend is an error, not a panic.
func TestBackendError(t *testing.T) {
	if _, err := backend.Open("nonsense"); err == nil {
		t.Skip("the name is known")
	}
	o := options(t)
	o.Backend, o.Out = "nonsense", filepath.Join(t.TempDir(), "run")
	if _, err := open(o); err == nil {
		t.Error("no error")
	}
}
