package site

import (
	"cmp"
	"slices"

	"github.com/effir/effir/wasm/index"
)

// relatedClusters bounds the clusters in which a page's neighbours are looked
// for: those that hold most of its passages.
const relatedClusters = 8

// relatedPages finds, for every page, the at most maxRelated pages whose mean
// vectors are most similar to its own, best first, among the pages that share a
// cluster with it.
type relatedPages struct {
	vectors *clustered
	first   []uint32 // passage of each page, as in directory
	means   rows     // of pages
	page    []uint32 // of each passage
	seen    []uint32 // by page: the last page that considered it, plus 1
}

func newRelatedPages(vectors *clustered, first []uint32) (*relatedPages, error) {
	pages := len(first) - 1
	r := &relatedPages{
		vectors: vectors, first: first,
		means: rows{dims: vectors.all.dims}, page: make([]uint32, first[pages]), seen: make([]uint32, pages),
	}
	for page := range pages {
		var passages []uint32
		for passage := first[page]; passage < first[page+1]; passage++ {
			r.page[passage] = uint32(page)
			passages = append(passages, passage)
		}
		mean := vectors.all.mean(passages)
		normalise(mean)
		q, err := quantise(mean)
		if err != nil {
			return nil, err
		}
		r.means.append(q.values, q.scale)
	}
	return r, nil
}

// of returns the pages related to one.
func (r *relatedPages) of(page int) []int {
	q := quantised{values: r.means.row(page), scale: r.means.scales[page]}
	r.seen[page] = uint32(page) + 1
	var found []index.Match
	for _, number := range r.clusters(page) {
		for _, passage := range r.vectors.groups[number] {
			other := int(r.page[passage])
			if r.seen[other] == uint32(page)+1 {
				continue
			}
			r.seen[other] = uint32(page) + 1
			found = append(found, index.Match{Doc: other, Score: r.means.similarity(q, other)})
		}
	}
	slices.SortFunc(found, index.CompareMatches)
	related := make([]int, 0, maxRelated)
	for _, match := range found[:min(maxRelated, len(found))] {
		related = append(related, match.Doc)
	}
	return related
}

// clusters returns those with most of the page's passages; ties go to the lower
// number.
func (r *relatedPages) clusters(page int) []uint16 {
	counts := make(map[uint16]int)
	for _, number := range r.vectors.cluster[r.first[page]:r.first[page+1]] {
		counts[number]++
	}
	numbers := make([]uint16, 0, len(counts))
	for number := range counts {
		numbers = append(numbers, number)
	}
	slices.SortFunc(numbers, func(a, b uint16) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return numbers[:min(relatedClusters, len(numbers))]
}
