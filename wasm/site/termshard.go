package site

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

const (
	termShardMagic = "EFFIRST1"
	// termShardBytes is the raw size at which a shard is closed, of which 85 %
	// are stored: what a rare word of a query costs. Smaller shards would cost
	// more in the directory than they save.
	termShardBytes = 12 << 10
	// maxListed bounds the passages listed for one term. The weight of a term
	// in more of them is small, and so is its power to tell them apart.
	maxListed = 16384
	// maxShardTerms bounds the bytes of a shard's terms when they are written
	// out, as prefixes shared many times would be a way to fill the memory.
	maxShardTerms = 4 << 20
)

// termShard is a part of the keyword index: consecutive terms with the passages
// that hold them.
type termShard struct {
	terms []shardTerm
}

type shardTerm struct {
	text   string
	df     int // passages that hold it
	listed int // of these, how many have postings
	data   []byte
}

// find returns the term, nil if the shard does not hold it.
func (s *termShard) find(text string) *shardTerm {
	i, found := slices.BinarySearchFunc(s.terms, text, func(t shardTerm, text string) int { return strings.Compare(t.text, text) })
	if !found {
		return nil
	}
	return &s.terms[i]
}

// withPrefix returns the terms that begin with prefix.
func (s *termShard) withPrefix(prefix string) []shardTerm {
	from, _ := slices.BinarySearchFunc(s.terms, prefix, func(t shardTerm, text string) int { return strings.Compare(t.text, text) })
	to := from
	for to < len(s.terms) && strings.HasPrefix(s.terms[to].text, prefix) {
		to++
	}
	return s.terms[from:to]
}

// each calls visit for every listed passage, ascending, with the term's impact.
func (t *shardTerm) each(visit func(passage int, impact byte)) {
	impacts := t.data[len(t.data)-t.listed:]
	passage, pos := -1, 0
	for _, impact := range impacts {
		gap, n := binary.Uvarint(t.data[pos:])
		pos += n
		passage += int(gap) + 1
		visit(passage, impact)
	}
}

// parseTermShard checks a shard of an index of passages passages completely.
func parseTermShard(data []byte, passages int) (*termShard, error) {
	r := newReader("term shard", termShardMagic, data)
	n := r.count("terms", 6, maxTermShard)
	s := &termShard{terms: make([]shardTerm, 0, n)}
	sizes := make([]int, 0, n)
	previous, written := "", 0
	for range n {
		shared := r.number("terms", len(previous))
		rest := r.take("terms", r.number("terms", maxTermBytes-shared))
		t := shardTerm{text: previous[:shared] + string(rest)}
		if written += len(t.text); t.text <= previous || written > maxShardTerms {
			r.fail("terms", "are not in order or too long")
		}
		t.df = r.number("passages of a term", passages)
		t.listed = r.number("passages of a term", min(t.df, maxListed))
		size := r.number("postings", maxTermShard)
		if t.listed == 0 {
			r.fail("passages of a term", "are none")
		}
		if r.err != nil {
			return nil, r.err
		}
		previous = t.text
		s.terms, sizes = append(s.terms, t), append(sizes, size)
	}
	for i := range s.terms {
		s.terms[i].data = r.take("postings", sizes[i])
		if r.err == nil && !s.terms[i].check(passages) {
			r.fail("postings", "are malformed")
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return s, r.end()
}

// check proves that each stays inside the data and the passages.
func (t *shardTerm) check(passages int) bool {
	if t.listed > len(t.data)/2 {
		return false
	}
	gaps, impacts := t.data[:len(t.data)-t.listed], t.data[len(t.data)-t.listed:]
	r := reader{rest: gaps}
	passage := -1
	for range t.listed {
		passage += r.number("gap", passages) + 1
		if r.err != nil || passage >= passages {
			return false
		}
	}
	return len(r.rest) == 0 && !slices.Contains(impacts, 0)
}

// termShardWriter collects terms, which come in ascending order, into shards.
type termShardWriter struct {
	put      func(raw []byte) (File, error)
	shards   []termShardRef
	terms    int
	first    string
	last     string
	head     []byte
	postings []byte
}

// add appends one term with the passages that hold it, ascending, and impacts in
// (0, 1).
func (w *termShardWriter) add(term string, passages []uint32, impacts []float32) error {
	return w.addListed(term, len(passages), listedPassages(passages, impacts))
}

// addListed appends one term that df passages hold, of which some are listed, in
// ascending order.
func (w *termShardWriter) addListed(term string, df int, listed []listedPassage) error {
	shared := 0
	if w.terms == 0 {
		w.first = term
	} else {
		shared = commonPrefix(w.last, term)
	}
	before := len(w.postings)
	next := uint32(0)
	for _, p := range listed {
		w.postings = appendNumber(w.postings, int(p.passage-next))
		next = p.passage + 1
	}
	for _, p := range listed {
		w.postings = append(w.postings, p.impact)
	}
	w.head = appendText(appendNumber(w.head, shared), term[shared:])
	w.head = appendNumber(appendNumber(w.head, df), len(listed))
	w.head = appendNumber(w.head, len(w.postings)-before)
	w.last = term
	w.terms++
	if len(w.head)+len(w.postings) >= termShardBytes {
		return w.close()
	}
	return nil
}

// close ends the shard, if it holds anything.
func (w *termShardWriter) close() error {
	if w.terms == 0 {
		return nil
	}
	raw := appendNumber([]byte(termShardMagic), w.terms)
	file, err := w.put(append(append(raw, w.head...), w.postings...))
	if err != nil {
		return err
	}
	w.shards = append(w.shards, termShardRef{file: file, first: w.first})
	w.terms, w.head, w.postings = 0, w.head[:0], w.postings[:0]
	return nil
}

type listedPassage struct {
	passage uint32
	impact  byte
}

// listedPassages quantises impacts and keeps the maxListed passages with the
// highest ones, in ascending order.
func listedPassages(passages []uint32, impacts []float32) []listedPassage {
	listed := make([]listedPassage, len(passages))
	for i, passage := range passages {
		listed[i] = listedPassage{passage: passage, impact: quantiseImpact(impacts[i])}
	}
	return highest(listed, maxListed)
}

func quantiseImpact(impact float32) byte {
	rounded := math.RoundToEven(float64(float32(255 * impact)))
	return byte(min(max(rounded, 1), 255))
}

// highest keeps the most passages with the highest impacts, among equal ones the
// first, in ascending order as they came.
func highest(listed []listedPassage, most int) []listedPassage {
	if len(listed) <= most {
		return listed
	}
	slices.SortStableFunc(listed, func(a, b listedPassage) int { return cmp.Compare(b.impact, a.impact) })
	listed = listed[:most]
	slices.SortFunc(listed, func(a, b listedPassage) int { return cmp.Compare(a.passage, b.passage) })
	return listed
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
