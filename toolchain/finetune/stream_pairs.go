package finetune

import (
	"math/rand/v2"
	"slices"
)

// example is a pair with its tokens: the query, the positive, the negatives.
type example struct {
	query    text
	passages []text
}

// longest is the length of the longest passage.
func (e *example) longest() int {
	n := 0
	for i := range e.passages {
		n = max(n, e.passages[i].length())
	}
	return n
}

// pairBatches makes batches of pairs: a block of queries and one of passages,
// first the positives in the order of the queries, then all negatives.
func (s *stream) pairBatches(places []place, r *rand.Rand) ([]batch, error) {
	var texts []text
	width := 2 + s.options.Negatives // texts of an example
	for _, at := range places {
		p := s.files[at.file][at.pair]
		texts = append(texts, text{text: p.Query, query: true}, text{text: p.Positive})
		order := r.Perm(len(p.Negatives))
		for k := range s.options.Negatives {
			if k < len(order) {
				texts = append(texts, text{text: p.Negatives[order[k]]})
				continue
			}
			other := places[r.IntN(len(places))]
			texts = append(texts, text{text: s.files[other.file][other.pair].Positive})
		}
	}
	texts, err := s.tokenise(texts)
	if err != nil {
		return nil, err
	}
	// One list for all files, or one for each.
	lists := make([][]example, len(s.files))
	for i, at := range places {
		part := texts[i*width : (i+1)*width]
		if slices.ContainsFunc(part, func(t text) bool { return s.empty(&t) }) {
			continue
		}
		list := 0
		if s.options.SameSource {
			list = int(at.file)
		}
		lists[list] = append(lists[list], example{part[0], part[1:]})
	}
	rows := func(int) int { return s.options.BatchPairs }
	var batches []batch
	for _, list := range lists {
		for _, group := range bucketed(list, s.options.Buckets, rows, r, func(e example) int { return e.longest() }) {
			batches = append(batches, s.pairBatch(group.bucket, group.items))
		}
	}
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches, nil
}

func (s *stream) pairBatch(bucket int, list []example) batch {
	var queries, passages, negatives []text
	longest := 0
	for _, e := range list {
		queries = append(queries, e.query)
		passages = append(passages, e.passages[0])
		negatives = append(negatives, e.passages[1:]...)
		longest = max(longest, e.query.length())
	}
	passages = append(passages, negatives...)
	b := s.batch(s.queryBucket(longest), queries)
	p := s.batch(bucket, passages)
	b.blocks = append(b.blocks, p.blocks...)
	b.tokens += p.tokens
	b.texts += p.texts

	// A passage is no negative of a query whose positive it repeats, nor the
	// positive of the same query asked again.
	b.exclude = make([]bool, len(queries)*len(passages))
	for i, q := range queries {
		for j, p := range passages {
			again := j < len(queries) && queries[j].text == q.text
			b.exclude[i*len(passages)+j] = j != i && (p.text == passages[i].text || again)
		}
	}
	return b
}

// queryBucket is the length to which queries are padded: every other bucket
// serves, so that there are not too many combinations to compile.
func (s *stream) queryBucket(longest int) int {
	buckets := s.options.Buckets
	for i := 1; i < len(buckets); i += 2 {
		if longest <= buckets[i] {
			return buckets[i]
		}
	}
	return buckets[len(buckets)-1]
}
