package index

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync"
)

// Keyword is an inverted index ranked by BM25, read in place. Its binary form,
// little-endian, made by Builder:
//
//	magic     8 bytes "EFFIRKW1"
//	docs      uint32, number of passages
//	terms     uint32, number of distinct terms
//	k1, b     float32 each
//	sizes     3 uint32: bytes of lengths, of dictionary, of postings
//	lengths   per passage: its number of terms (uvarint)
//	blocks    per 16 terms: offset of the first one in dictionary and of its
//	          postings in postings (2 uint32)
//	dictionary per term, in byte order: bytes shared with the term before (0 at
//	          a block's start), length of the rest, the rest, number of
//	          passages, bytes of postings (4 uvarint around the rest)
//	postings  per term and passage, ascending: 2 (passage - previous - 1) + m
//	          (uvarint); m = 1 says that the number of occurrences follows
//	          (uvarint, at least 2), m = 0 that it is 1. Previous starts at -1.
type Keyword struct {
	docs, terms int
	norms       []float32 // per passage, see lengthNorms
	blocks      []byte
	dictionary  []byte
	postings    []byte
	sums        sync.Pool // of *sums, for one search each
}

const (
	keywordMagic     = "EFFIRKW1"
	keywordHeader    = 36
	blockTerms       = 16
	maxTermBytes     = 1 << 10
	maxPassages      = 1 << 28
	maxTermFrequency = 1 << 24
)

// Len returns the number of passages.
func (k *Keyword) Len() int { return k.docs }

// ParseKeyword reads a keyword index in place and checks all of it. It allocates
// at most 8 bytes per byte of data.
func ParseKeyword(data []byte) (*Keyword, error) {
	if len(data) < keywordHeader || string(data[:8]) != keywordMagic {
		return nil, keywordError("header", "is not that of a keyword index")
	}
	field := func(n int) uint32 { return binary.LittleEndian.Uint32(data[8+4*n:]) }
	docs, terms := field(0), field(1)
	k1, b := math.Float32frombits(field(2)), math.Float32frombits(field(3))
	if !(k1 > 0 && k1 <= 100) || !(b >= 0 && b <= 1) {
		return nil, keywordError("k1 or b", "is out of range")
	}
	lengthBytes, dictBytes, postingBytes := field(4), field(5), field(6)
	blockBytes := (uint64(terms) + blockTerms - 1) / blockTerms * 8
	if keywordHeader+uint64(lengthBytes)+blockBytes+uint64(dictBytes)+uint64(postingBytes) != uint64(len(data)) {
		return nil, keywordError("sizes", "do not add up to the file's size")
	}
	// A length takes a byte or more and a term four, so the counts below are
	// bounded by sizes that are already known to be true.
	if docs > lengthBytes || docs > maxPassages {
		return nil, keywordError("passage count", "is larger than the list of lengths")
	}
	r := reader{bytes: data, pos: keywordHeader}
	lengthData, _ := r.take(lengthBytes)
	blocks, _ := r.take(uint32(blockBytes))
	dictionary, _ := r.take(dictBytes)
	postings, _ := r.take(postingBytes)

	lengths, err := parseLengths(lengthData, int(docs))
	if err != nil {
		return nil, err
	}
	k := &Keyword{
		docs: int(docs), terms: int(terms), norms: lengthNorms(lengths, k1, b),
		blocks: blocks, dictionary: dictionary, postings: postings,
	}
	if err := k.check(lengths); err != nil {
		return nil, err
	}
	return k, nil
}

func parseLengths(data []byte, docs int) ([]uint32, error) {
	lengths := make([]uint32, docs)
	r := reader{bytes: data}
	for doc := range lengths {
		length, ok := r.uvarint()
		if !ok {
			return nil, keywordError("lengths", "are truncated")
		}
		lengths[doc] = length
	}
	if !r.done() {
		return nil, keywordError("lengths", "go on after the last passage")
	}
	return lengths, nil
}

// check proves the dictionary and the postings well-formed and consistent
// with the passages' lengths, which it consumes.
func (k *Keyword) check(lengths []uint32) error {
	dict, postings := reader{bytes: k.dictionary}, reader{bytes: k.postings}
	var term, previous []byte
	for i := range k.terms {
		if i%blockTerms == 0 {
			dictAt, postingsAt := k.block(i / blockTerms)
			if dictAt != dict.pos || postingsAt != postings.pos {
				return keywordError("blocks", "point to wrong places")
			}
		}
		entry, ok := readEntry(&dict)
		if !ok || int(entry.shared) > len(term) || int(entry.shared)+len(entry.rest) > maxTermBytes ||
			i%blockTerms == 0 && entry.shared != 0 {
			return keywordError("dictionary", "is malformed")
		}
		previous = append(previous[:0], term...)
		term = append(term[:entry.shared], entry.rest...)
		if len(term) == 0 || i > 0 && bytes.Compare(previous, term) >= 0 {
			return keywordError("dictionary", "is not in order")
		}
		list, ok := postings.take(entry.size)
		if !ok || !checkPostings(list, entry.df, lengths) {
			return keywordError("postings", "are malformed")
		}
	}
	if !dict.done() || !postings.done() {
		return keywordError("dictionary", "and postings differ in size")
	}
	for _, left := range lengths {
		if left != 0 {
			return keywordError("lengths", "do not agree with the postings")
		}
	}
	return nil
}

// checkPostings reads one term's postings and takes its occurrences off the
// lengths of the passages.
func checkPostings(list []byte, df uint32, lengths []uint32) bool {
	r := reader{bytes: list}
	doc := int64(-1)
	for range df {
		value, ok := r.uvarint()
		if !ok {
			return false
		}
		doc += int64(value>>1) + 1
		tf := uint32(1)
		if value&1 == 1 {
			if tf, ok = r.uvarint(); !ok || tf < 2 || tf > maxTermFrequency {
				return false
			}
		}
		if doc >= int64(len(lengths)) || lengths[doc] < tf {
			return false
		}
		lengths[doc] -= tf
	}
	return df > 0 && r.done()
}

// block returns where a block's terms and postings start.
func (k *Keyword) block(n int) (dictionary, postings int) {
	return int(binary.LittleEndian.Uint32(k.blocks[8*n:])), int(binary.LittleEndian.Uint32(k.blocks[8*n+4:]))
}

// entry is one term of the dictionary as it is stored.
type entry struct {
	shared uint32
	rest   []byte
	df     uint32
	size   uint32 // bytes of postings
}

func readEntry(r *reader) (e entry, ok bool) {
	var length uint32
	if e.shared, ok = r.uvarint(); !ok {
		return e, false
	}
	if length, ok = r.uvarint(); !ok {
		return e, false
	}
	if e.rest, ok = r.take(length); !ok {
		return e, false
	}
	if e.df, ok = r.uvarint(); !ok {
		return e, false
	}
	e.size, ok = r.uvarint()
	return e, ok
}

func keywordError(field, problem string) error { return corrupt("keyword index", field, problem) }
