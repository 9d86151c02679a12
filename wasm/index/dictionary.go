package index

import (
	"bytes"
	"sort"
	"strings"
)

// termCursor stands on one term of a checked dictionary.
type termCursor struct {
	keyword    *Keyword
	dict       reader
	number     int // of the term; k.terms when past the end
	term       []byte
	df         int
	start, end int // of its postings
}

// seek returns a cursor on the first term that is not below the given one.
func (k *Keyword) seek(term string) *termCursor {
	// The first block whose first term is above term; the term itself, if it
	// exists, is in the block before.
	block := sort.Search((k.terms+blockTerms-1)/blockTerms, func(n int) bool {
		at, _ := k.block(n)
		r := reader{bytes: k.dictionary, pos: at}
		first, _ := readEntry(&r)
		return strings.Compare(string(first.rest), term) > 0
	})
	block = max(block-1, 0)
	c := &termCursor{keyword: k, number: block*blockTerms - 1}
	if k.terms > 0 {
		c.dict = reader{bytes: k.dictionary}
		c.dict.pos, c.end = k.block(block)
	}
	for c.next() && string(c.term) < term {
	}
	return c
}

// next moves to the following term and reports whether there is one.
func (c *termCursor) next() bool {
	c.number++
	if c.number >= c.keyword.terms {
		c.number = c.keyword.terms
		return false
	}
	e, _ := readEntry(&c.dict)
	c.term = append(c.term[:e.shared], e.rest...)
	c.df = int(e.df)
	c.start, c.end = c.end, c.end+int(e.size)
	return true
}

func (c *termCursor) valid() bool { return c.number < c.keyword.terms }

func (c *termCursor) hasPrefix(prefix string) bool {
	return c.valid() && bytes.HasPrefix(c.term, []byte(prefix))
}

// list returns the postings of the term that the cursor stands on.
func (c *termCursor) list() postingList {
	return postingList{data: c.keyword.postings[c.start:c.end], df: c.df, term: c.number}
}

// postingList is the postings of one term.
type postingList struct {
	data []byte
	df   int
	term int // number of the term in the dictionary
}

// each calls visit for every passage, ascending, with the term's occurrences.
func (p postingList) each(visit func(doc int, tf uint32)) {
	r := reader{bytes: p.data}
	doc := -1
	for range p.df {
		value, _ := r.uvarint()
		doc += int(value>>1) + 1
		tf := uint32(1)
		if value&1 == 1 {
			tf, _ = r.uvarint()
		}
		visit(doc, tf)
	}
}
