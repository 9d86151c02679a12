package finetune

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/effir/effir/toolchain/pairs"
	"github.com/effir/effir/toolchain/reader"
)

// cursor is a place in the stream of batches.
type cursor struct {
	Epoch int `json:"epoch"`
	Chunk int `json:"chunk"`
	Batch int `json:"batch"` // in the chunk
}

// chunkPairs is how many pairs are made into batches together: enough for
// batches of texts of similar length, few enough to begin soon.
const chunkPairs = 2048

// stream makes batches of the data. Each chunk is a function of the seed and its
// number, so that a run can go on anywhere without a replay.
type stream struct {
	options  Options
	sources  []pairs.Source
	files    [][]pairs.Pair
	readers  []*reader.Reader // of the student, and of the teacher if it reads differently
	epoch    int              // of order
	order    []place          // the pairs of the epoch
	haveList bool
}

// place is a pair of a file.
type place struct{ file, pair int32 }

// chunk returns the batches of a chunk; none if the epoch has no such chunk.
func (s *stream) chunk(epoch, chunk int) ([]batch, error) {
	s.arrange(epoch)
	begin := chunk * chunkPairs
	if begin >= len(s.order) {
		return nil, nil
	}
	places := s.order[begin:min(begin+chunkPairs, len(s.order))]
	r := rand.New(rand.NewPCG(s.options.Seed, uint64(epoch)<<32|uint64(chunk)+1<<31))
	if s.options.Loss.pairwise() {
		return s.pairBatches(places, r)
	}
	return s.textBatches(places, r)
}

// arrange lists the pairs of an epoch in random order. A file with a weight that
// is not whole gives a part of its pairs, which moves on from epoch to epoch.
func (s *stream) arrange(epoch int) {
	if s.haveList && s.epoch == epoch {
		return
	}
	s.order = s.order[:0]
	for f, source := range s.sources {
		n := float64(len(s.files[f]))
		// The pairs of all epochs are one sequence, of which this is a stretch.
		begin, end := math.Round(n*source.Weight*float64(epoch)), math.Round(n*source.Weight*float64(epoch+1))
		var shuffled []int
		round := -1
		for at := int64(begin); at < int64(end); at++ {
			if now := int(at / int64(n)); now != round {
				round = now
				shuffled = rand.New(rand.NewPCG(s.options.Seed, uint64(f)<<32|uint64(round))).Perm(int(n))
			}
			s.order = append(s.order, place{int32(f), int32(shuffled[at%int64(n)])})
		}
	}
	r := rand.New(rand.NewPCG(s.options.Seed, 1<<63|uint64(epoch)))
	r.Shuffle(len(s.order), func(i, j int) { s.order[i], s.order[j] = s.order[j], s.order[i] })
	s.epoch, s.haveList = epoch, true
}

// text is a text to train on, as text and as tokens of each reader.
type text struct {
	text   string
	query  bool
	tokens [2][]int32
}

// length is that of the student's tokens.
func (t *text) length() int { return len(t.tokens[0]) }

// tokenise fills in the tokens of all texts and drops those without any.
func (s *stream) tokenise(list []text) ([]text, error) {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(list); i += workers {
				t := &list[i]
				for k, r := range s.readers {
					var err error
					if t.tokens[k], err = tokens(r, t); err != nil {
						errs[w] = err
						return
					}
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// empty tells whether a reader finds nothing in the text.
func (s *stream) empty(t *text) bool {
	return slices.ContainsFunc(t.tokens[:len(s.readers)], func(ids []int32) bool { return len(ids) == 0 })
}

// textBatches makes batches of single texts.
func (s *stream) textBatches(places []place, r *rand.Rand) ([]batch, error) {
	var list []text
	copies := func(weight float64) int { // weight, rounded at random
		return int(weight + r.Float64())
	}
	for _, at := range places {
		p := s.files[at.file][at.pair]
		if p.Query != "" {
			for range copies(s.options.Mix.Query) {
				list = append(list, text{text: p.Query, query: true})
			}
		}
		for range copies(s.options.Mix.Passage) {
			list = append(list, text{text: p.Positive})
		}
		for range copies(s.options.Mix.Piece) {
			list = append(list, text{text: pairs.Piece(p.Positive, r.IntN)})
		}
		for _, n := range p.Negatives {
			for range copies(s.options.Mix.Passage) {
				list = append(list, text{text: n})
			}
		}
	}
	list, err := s.tokenise(list)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(t text) bool { return s.empty(&t) })
	if len(list) == 0 {
		return nil, nil
	}
	rows := func(bucket int) int { return s.options.BatchTokens / bucket }
	var batches []batch
	for _, group := range bucketed(list, s.options.Buckets, rows, r, func(t text) int { return t.length() }) {
		batches = append(batches, s.batch(group.bucket, group.items))
	}
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches, nil
}

// group is what shares a batch.
type group[T any] struct {
	bucket int
	items  []T
}

// bucketed divides items into groups of rows(bucket) each, of items that fit the
// bucket. What is left over in a bucket goes with the longer ones; the last group
// is filled up with items drawn once more.
func bucketed[T any](items []T, buckets []int, rows func(bucket int) int, r *rand.Rand, length func(T) int) []group[T] {
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	place := func(item T) int {
		i, _ := slices.BinarySearch(buckets, length(item))
		return min(i, len(buckets)-1)
	}
	order := slices.Clone(items)
	slices.SortStableFunc(order, func(a, b T) int { return cmp.Compare(place(a), place(b)) })
	var groups []group[T]
	var rest []T
	for i, bucket := range buckets {
		for len(order) > 0 && place(order[0]) == i {
			rest, order = append(rest, order[0]), order[1:]
		}
		n := rows(bucket)
		for len(rest) >= n {
			groups = append(groups, group[T]{bucket, slices.Clone(rest[:n])})
			rest = rest[n:]
		}
	}
	if len(rest) > 0 {
		longest := slices.MaxFunc(rest, func(a, b T) int { return cmp.Compare(length(a), length(b)) })
		bucket := buckets[place(longest)]
		last := group[T]{bucket, rest}
		for len(last.items) < rows(bucket) {
			if item := items[r.IntN(len(items))]; length(item) <= bucket {
				last.items = append(last.items, item)
			}
		}
		groups = append(groups, last)
	}
	return groups
}

// batch is the data of one step.
type batch struct {
	blocks []block
	// exclude marks, in a step of pairs, passages that are no negatives of a
	// query: [queries, passages], row by row.
	exclude []bool
	tokens  int // of the student, without padding
	texts   int
}

// block is a rectangle of texts, padded on the right, per reader.
type block struct{ padded [2]padded }

// padded is [rows, length] token ids and each row's number of tokens.
type padded struct {
	ids     []int32
	lengths []int32
	rows    int
	length  int
}

// batch pads texts to a bucket.
func (s *stream) batch(bucket int, list []text) batch {
	b := batch{texts: len(list)}
	b.blocks = []block{s.block(bucket, list)}
	for i := range list {
		b.tokens += list[i].length()
	}
	return b
}

// block pads texts: the student's tokens to the bucket, the teacher's to the
// smallest one that holds them.
func (s *stream) block(bucket int, list []text) block {
	var b block
	for k := range s.readers {
		length := bucket
		if k > 0 {
			longest := 0
			for i := range list {
				longest = max(longest, len(list[i].tokens[k]))
			}
			at, _ := slices.BinarySearch(s.options.Buckets, longest)
			length = s.options.Buckets[min(at, len(s.options.Buckets)-1)]
		}
		p := padded{ids: make([]int32, len(list)*length), lengths: make([]int32, len(list)), rows: len(list), length: length}
		for i := range list {
			p.lengths[i] = int32(copy(p.ids[i*length:(i+1)*length], list[i].tokens[k]))
		}
		b.padded[k] = p
	}
	return b
}

// open reads all files.
func openStream(o Options, readers ...*reader.Reader) (*stream, error) {
	s := &stream{options: o, sources: o.Data, readers: readers}
	for _, source := range o.Data {
		list, err := pairs.Read(source.Path)
		if err != nil {
			return nil, err
		}
		if o.Loss.pairwise() && list[0].Query == "" {
			return nil, fmt.Errorf("%s: texts without queries cannot train infonce or kl: give pairs", source.Path)
		}
		s.files = append(s.files, list)
	}
	return s, nil
}
