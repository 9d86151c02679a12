package site

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/effir/effir/wasm/index"
)

const (
	// prefixMark begins the name under which the list of a prefix stands among the
	// terms. No word holds it, and it comes after all of them.
	prefixMark = "\U0010FFFF"
	// maxPrefixListed bounds the passages listed for a prefix: it stands for so many
	// words that it tells passages apart only by how much they are about one of them.
	maxPrefixListed = 1024
)

func listName(prefix string) string { return prefixMark + prefix }

// widePrefixes returns the prefixes that d.wide is true for, in byte order.
func (d *directory) widePrefixes() []string {
	var wide []string
	for i := range max(len(d.termShards)-2, 0) {
		next, after := d.termShards[i+1].first, d.termShards[i+2].first
		for end := 1; end <= commonPrefix(next, after); end++ {
			prefix := next[:end]
			if utf8.ValidString(prefix) && utf8.RuneCountInString(prefix) >= index.MinPrefixRunes && d.wide(prefix) {
				wide = append(wide, prefix)
			}
		}
	}
	slices.Sort(wide)
	return slices.Compact(wide)
}

// prefixLists collects what the lists of wide prefixes hold while all terms pass
// again in their order.
type prefixLists struct {
	wide     map[string]map[string]bool // per prefix the terms that it stands for
	passages int
	open     []*openList // each prefix begins with the one before
	done     []finishedList
}

type openList struct {
	prefix    string
	strongest []byte // by passage
}

type finishedList struct {
	prefix string
	df     int
	listed []listedPassage
}

// termFrequency is a term and the number of passages that hold it.
type termFrequency struct {
	term string
	df   int
}

// newPrefixLists chooses the terms that each wide prefix stands for: those in most
// passages, at most index.MaxCompletions, without the prefix itself. terms ascend.
func newPrefixLists(d *directory, terms []termFrequency) *prefixLists {
	lists := &prefixLists{wide: make(map[string]map[string]bool), passages: d.passages()}
	for _, prefix := range d.widePrefixes() {
		from, _ := slices.BinarySearchFunc(terms, prefix, func(t termFrequency, prefix string) int { return strings.Compare(t.term, prefix) })
		to := from
		for to < len(terms) && strings.HasPrefix(terms[to].term, prefix) {
			to++
		}
		if from < to && terms[from].term == prefix {
			from++
		}
		chosen := slices.Clone(terms[from:to])
		slices.SortStableFunc(chosen, func(a, b termFrequency) int { return cmp.Compare(b.df, a.df) })
		names := make(map[string]bool)
		for _, t := range chosen[:min(len(chosen), index.MaxCompletions)] {
			names[t.term] = true
		}
		lists.wide[prefix] = names
	}
	return lists
}

// add counts a term, in ascending order, with the passages that hold it.
func (l *prefixLists) add(term string, passages []uint32, impacts []float32) {
	for len(l.open) > 0 && !strings.HasPrefix(term, l.open[len(l.open)-1].prefix) {
		l.closeLast()
	}
	known := 0
	if len(l.open) > 0 {
		known = len(l.open[len(l.open)-1].prefix)
	}
	for end := range term + "x" {
		if end > known && l.wide[term[:end]] != nil {
			l.open = append(l.open, &openList{term[:end], make([]byte, l.passages)})
		}
	}
	for _, list := range l.open {
		if l.wide[list.prefix][term] {
			for i, passage := range passages {
				list.strongest[passage] = max(list.strongest[passage], quantiseImpact(impacts[i]))
			}
		}
	}
}

func (l *prefixLists) closeLast() {
	last := len(l.open) - 1
	list := finishedList{prefix: l.open[last].prefix}
	for passage, impact := range l.open[last].strongest {
		if impact > 0 {
			list.listed = append(list.listed, listedPassage{uint32(passage), impact})
		}
	}
	list.df = len(list.listed)
	list.listed = highest(list.listed, maxPrefixListed)
	l.open = l.open[:last]
	l.done = append(l.done, list)
}

// write appends the lists to the terms.
func (l *prefixLists) write(w *termShardWriter) error {
	for len(l.open) > 0 {
		l.closeLast()
	}
	slices.SortFunc(l.done, func(a, b finishedList) int { return strings.Compare(a.prefix, b.prefix) })
	for _, list := range l.done {
		if err := w.addListed(listName(list.prefix), list.df, list.listed); err != nil {
			return err
		}
	}
	return w.close()
}

// prefixList returns the list of a wide prefix, nil if the bundle has none.
func (s *Site) prefixList(d *directory, prefix string) (*shardTerm, error) {
	number := d.termShard(listName(prefix))
	if number < 0 {
		return nil, nil
	}
	shard, err := s.loadTermShard(number)
	if err != nil {
		return nil, err
	}
	return shard.find(listName(prefix)), nil
}
