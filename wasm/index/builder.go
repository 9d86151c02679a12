package index

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
)

// Document is the searchable text of one passage.
type Document struct {
	Title string
	Text  string
}

// Builder collects documents for a keyword index. Documents are numbered from
// 0 in the order in which they are added.
type Builder struct {
	parameters Parameters
	termIDs    map[string]uint32
	postings   [][]posting         // per term
	lengths    []uint32            // per document
	words      map[string][]uint32 // terms of words seen before
}

type posting struct{ doc, tf uint32 }

// maxCachedWords bounds the memory that Builder spends on speed.
const maxCachedWords = 1 << 20

// NewBuilder returns an empty Builder. Parameters must be within the bounds
// that MarshalBinary names.
func NewBuilder(parameters Parameters) *Builder {
	return &Builder{
		parameters: parameters,
		termIDs:    make(map[string]uint32),
		words:      make(map[string][]uint32),
	}
}

// Add appends one document.
func (b *Builder) Add(document Document) {
	doc := uint32(len(b.lengths))
	b.lengths = append(b.lengths, 0)
	b.count(doc, document.Title, uint32(max(b.parameters.TitleWeight, 0)))
	b.count(doc, document.Text, 1)
}

func (b *Builder) count(doc uint32, text string, weight uint32) {
	if weight == 0 {
		return
	}
	for start, end := nextWord(text, 0); start < end; start, end = nextWord(text, end) {
		for _, id := range b.wordIDs(text[start:end]) {
			list := b.postings[id]
			if n := len(list); n == 0 || list[n-1].doc != doc {
				list = append(list, posting{doc: doc})
				b.postings[id] = list
			}
			last := &list[len(list)-1]
			added := min(weight, maxTermFrequency-last.tf)
			last.tf += added
			b.lengths[doc] += added
		}
	}
}

// wordIDs returns the numbers of a word's terms.
func (b *Builder) wordIDs(word string) []uint32 {
	ids, seen := b.words[word]
	if seen {
		return ids
	}
	wordTerms(word, func(term string, _, _ int) {
		id, known := b.termIDs[term]
		if !known {
			id = uint32(len(b.postings))
			b.termIDs[strings.Clone(term)] = id
			b.postings = append(b.postings, nil)
		}
		ids = append(ids, id)
	})
	if len(b.words) < maxCachedWords {
		b.words[strings.Clone(word)] = ids
	}
	return ids
}

// MarshalBinary returns the keyword index in the form that Keyword describes.
// The same documents give the same bytes.
func (b *Builder) MarshalBinary() ([]byte, error) {
	p := b.parameters
	if !(p.K1 > 0 && p.K1 <= 100) || !(p.B >= 0 && p.B <= 1) || p.TitleWeight < 0 || p.TitleWeight > 1000 {
		return nil, errors.New("keyword index: parameters: K1 must be in (0, 100], B in [0, 1], TitleWeight in [0, 1000]")
	}
	if len(b.lengths) > maxPassages {
		return nil, errors.New("keyword index: too many passages: split the corpus into several bundles")
	}
	terms := b.sortedTerms()
	var lengths, blocks, dictionary, postings []byte
	for _, length := range b.lengths {
		lengths = binary.AppendUvarint(lengths, uint64(length))
	}
	for i, term := range terms {
		shared := 0
		if i%blockTerms == 0 {
			blocks = binary.LittleEndian.AppendUint32(blocks, uint32(len(dictionary)))
			blocks = binary.LittleEndian.AppendUint32(blocks, uint32(len(postings)))
		} else {
			shared = commonPrefix(terms[i-1], term)
		}
		list := b.postings[b.termIDs[term]]
		before := len(postings)
		postings = appendPostings(postings, list)
		dictionary = binary.AppendUvarint(dictionary, uint64(shared))
		dictionary = binary.AppendUvarint(dictionary, uint64(len(term)-shared))
		dictionary = append(dictionary, term[shared:]...)
		dictionary = binary.AppendUvarint(dictionary, uint64(len(list)))
		dictionary = binary.AppendUvarint(dictionary, uint64(len(postings)-before))
	}
	if uint64(len(dictionary)) > math.MaxUint32 || uint64(len(postings)) > math.MaxUint32 {
		return nil, errors.New("keyword index: over 4 GiB: split the corpus into several bundles")
	}

	out := make([]byte, 0, keywordHeader+len(lengths)+len(blocks)+len(dictionary)+len(postings))
	out = append(out, keywordMagic...)
	for _, field := range []uint32{
		uint32(len(b.lengths)), uint32(len(terms)), math.Float32bits(p.K1), math.Float32bits(p.B),
		uint32(len(lengths)), uint32(len(dictionary)), uint32(len(postings)),
	} {
		out = binary.LittleEndian.AppendUint32(out, field)
	}
	return append(append(append(append(out, lengths...), blocks...), dictionary...), postings...), nil
}

// Impacts calls visit for every term in byte order with the documents that hold
// it, ascending, and what it adds to the score of each before its idf: saturate
// of its occurrences there, in (0, 1). The slices are valid during the call.
func (b *Builder) Impacts(visit func(term string, docs []uint32, impacts []float32)) {
	norms := lengthNorms(b.lengths, b.parameters.K1, b.parameters.B)
	var docs []uint32
	var impacts []float32
	for _, term := range b.sortedTerms() {
		docs, impacts = docs[:0], impacts[:0]
		for _, p := range b.postings[b.termIDs[term]] {
			docs = append(docs, p.doc)
			impacts = append(impacts, saturate(float32(p.tf), norms[p.doc]))
		}
		visit(term, docs, impacts)
	}
}

func (b *Builder) sortedTerms() []string {
	terms := make([]string, 0, len(b.termIDs))
	for term := range b.termIDs {
		terms = append(terms, term)
	}
	slices.Sort(terms)
	return terms
}

func appendPostings(out []byte, list []posting) []byte {
	next := uint32(0) // lowest number that the next passage can have
	for _, p := range list {
		gap := uint64(p.doc-next) << 1
		next = p.doc + 1
		if p.tf == 1 {
			out = binary.AppendUvarint(out, gap)
			continue
		}
		out = binary.AppendUvarint(out, gap|1)
		out = binary.AppendUvarint(out, uint64(p.tf))
	}
	return out
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
