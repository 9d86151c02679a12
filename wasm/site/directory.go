package site

import (
	"sort"
	"strings"
)

const (
	directoryMagic = "EFFIRSD1"
	maxTermBytes   = 1 << 10
	// maxTermShard is beyond any term shard's raw size: one is closed at
	// termShardBytes, and a term's postings take under 128 KiB.
	maxTermShard = 1 << 20
	// maxPassageShard likewise: a page's head of maxFields and a passage.
	maxPassageShard = maxRaw
)

// directory says in which shard to look, see the package's documentation.
type directory struct {
	// first is the first passage of each page; one more entry holds the number
	// of passages.
	first         []uint32
	termShards    []termShardRef
	passageShards []passageShardRef
}

type termShardRef struct {
	file  File
	first string // lowest term
}

type passageShardRef struct {
	file  File
	first int // passage
	count int
}

func (d *directory) pages() int    { return len(d.first) - 1 }
func (d *directory) passages() int { return int(d.first[len(d.first)-1]) }

// page returns the page that a passage belongs to.
func (d *directory) page(passage int) int {
	return sort.Search(d.pages(), func(p int) bool { return int(d.first[p+1]) > passage })
}

// termShard returns the number of the only shard that can hold term, -1 if it is
// below all terms.
func (d *directory) termShard(term string) int {
	return sort.Search(len(d.termShards), func(n int) bool { return d.termShards[n].first > term }) - 1
}

// wide says whether the terms with a prefix go on past the shard where the first of
// them would be and the next one. Such a prefix has a list of its own, see
// prefixList.
func (d *directory) wide(prefix string) bool {
	third := max(d.termShard(prefix), 0) + 2
	return third < len(d.termShards) && strings.HasPrefix(d.termShards[third].first, prefix)
}

// passageShard returns the number of the shard that holds a passage.
func (d *directory) passageShard(passage int) int {
	return sort.Search(len(d.passageShards), func(n int) bool { return d.passageShards[n].first > passage }) - 1
}

func (d *directory) marshal() []byte {
	out := appendNumber(appendNumber([]byte(directoryMagic), d.pages()), d.passages())
	for p := range d.pages() {
		out = appendNumber(out, int(d.first[p+1]-d.first[p]))
	}
	out = appendNumber(out, len(d.termShards))
	for _, shard := range d.termShards {
		out = appendText(appendRef(out, shard.file), shard.first)
	}
	out = appendNumber(out, len(d.passageShards))
	for _, shard := range d.passageShards {
		out = appendNumber(appendRef(out, shard.file), shard.count)
	}
	return out
}

func parseDirectory(data []byte) (*directory, error) {
	r := newReader("directory", directoryMagic, data)
	pages := r.number("pages", maxPages)
	passages := r.number("passages", maxPassages)
	if pages > len(r.rest) {
		r.fail("pages", "are more than the file holds")
	}
	if r.err != nil {
		return nil, r.err
	}
	d := &directory{first: make([]uint32, 1, pages+1)}
	total := 0
	for range pages {
		n := r.number("passages of a page", passages-total)
		if n == 0 {
			r.fail("passages of a page", "are none or more than all")
			return nil, r.err
		}
		total += n
		d.first = append(d.first, uint32(total))
	}
	if total != passages {
		r.fail("passages of the pages", "do not add up")
	}
	d.readTermShards(r)
	d.readPassageShards(r)
	if err := r.end(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *directory) readTermShards(r *reader) {
	n := r.count("term shards", refBytes+2, maxPassages)
	d.termShards = make([]termShardRef, 0, n)
	previous := ""
	for range n {
		shard := termShardRef{file: r.ref("term shards", maxTermShard), first: r.text("first term")}
		if shard.first <= previous || len(shard.first) > maxTermBytes {
			r.fail("first terms", "are not in order")
			return
		}
		previous = shard.first
		d.termShards = append(d.termShards, shard)
	}
}

func (d *directory) readPassageShards(r *reader) {
	n := r.count("passage shards", refBytes+1, maxPassages)
	d.passageShards = make([]passageShardRef, 0, n)
	total := 0
	for range n {
		shard := passageShardRef{file: r.ref("passage shards", maxPassageShard), first: total}
		shard.count = r.number("passages of a shard", d.passages()-total)
		if shard.count == 0 {
			r.fail("passages of a shard", "are none or more than all")
			return
		}
		total += shard.count
		d.passageShards = append(d.passageShards, shard)
	}
	if total != d.passages() {
		r.fail("passages of the shards", "do not add up")
	}
}
