package index

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxQueryTerms bounds the work that a pasted page of text causes.
	maxQueryTerms = 256
	// MaxCompletions bounds the terms that a typed prefix stands for; the most
	// frequent ones are taken.
	MaxCompletions = 64
	// PrefixWeight is what a completion counts against a word typed in full.
	PrefixWeight = 0.5
	// MinPrefixRunes is the length from which a last word is completed.
	MinPrefixRunes = 2
	// MinStemBytes is the shortest indexed stem that stands for a longer typed
	// word.
	MinStemBytes = 4
)

// KeywordMatch is a passage found by keyword, with its BM25 score and its Fit.
type KeywordMatch struct {
	Match
	Fit float32
}

// Search returns the limit best passages for a finished query. A passage's
// score is the sum over the query's terms, in the order of the query, of
//
//	count idf(term) saturate(tf, norm)
//
// with the term's count in the query. Passages that hold no term of the query
// are not returned.
func (k *Keyword) Search(query string, limit int) []KeywordMatch {
	return k.search(query, limit, false)
}

// SearchTyping is Search for a query that is still being typed: unless it ends
// in a separator, its last word also stands, at half weight, for the indexed
// terms that it is a prefix of, taken together as one term. When there are
// none, the part after its last '.' or '_' is completed instead; when that has
// none either, it stands for the longest stem that is a prefix of it:
// "cancellat" finds what "cancellation" will.
func (k *Keyword) SearchTyping(query string, limit int) []KeywordMatch {
	return k.search(query, limit, true)
}

func (k *Keyword) search(query string, limit int, typing bool) []KeywordMatch {
	if limit <= 0 || k.docs == 0 {
		return nil
	}
	s := k.takeSums()
	defer k.sums.Put(s)
	exact := make(map[int]bool) // numbers of the terms found
	for _, term := range QueryTerms(query) {
		cursor := k.seek(term.Text)
		if !cursor.valid() || string(cursor.term) != term.Text {
			continue
		}
		exact[cursor.number] = true
		weight := float32(float32(term.Count) * IDF(k.docs, cursor.df))
		s.total += weight
		cursor.list().each(func(doc int, tf uint32) {
			s.add(doc, weight, saturate(float32(tf), k.norms[doc]))
		})
	}
	if typing {
		k.addCompletions(s, LastWord(query), exact)
	}
	s.best.Reset(limit, k.docs)
	for doc, score := range s.scores {
		if score > 0 {
			s.best.Push(Match{Doc: doc, Score: score})
		}
	}
	matches := s.best.Sorted()
	found := make([]KeywordMatch, len(matches))
	for i, m := range matches {
		found[i] = KeywordMatch{m, Fit(m.Score, s.covered[m.Doc], s.total)}
	}
	return found
}

// sums are what the passages have of a query so far.
type sums struct {
	scores  []float32 // BM25
	covered []float32 // weights of the terms that the passage holds
	total   float32   // weights of all terms that any passage holds

	occurrences []uint32 // of completions
	best        Best
}

// takeSums returns sums of zero. Searches at the same time have their own.
func (k *Keyword) takeSums() *sums {
	s, _ := k.sums.Get().(*sums)
	if s == nil {
		s = &sums{scores: make([]float32, k.docs), covered: make([]float32, k.docs)}
	}
	clear(s.scores)
	clear(s.covered)
	s.total = 0
	return s
}

func (s *sums) add(doc int, weight, share float32) {
	s.scores[doc] += float32(weight * share)
	s.covered[doc] += weight
}

// Fit says how well a passage fits a query on a scale that is the same for all
// queries, from 0 to 1: the geometric mean of two shares of total, the sum of
// the weights, count idf, of the query's terms that any passage holds. score
// is the passage's BM25 score, covered the weights of the terms that it holds.
//
//	fit = sqrt(score covered) / total
func Fit(score, covered, total float32) float32 {
	if total == 0 {
		return 0
	}
	return float32(math.Sqrt(float64(score)*float64(covered)) / float64(total))
}

// addCompletions adds the score of the terms that the last word stands for, as
// one term: the occurrences are summed, and a passage with any of them counts
// once for idf.
func (k *Keyword) addCompletions(s *sums, word string, exact map[int]bool) {
	lists := k.completions(word, exact)
	if len(lists) == 0 {
		return
	}
	if s.occurrences == nil {
		s.occurrences = make([]uint32, k.docs)
	}
	occurrences := s.occurrences
	clear(occurrences)
	df := 0
	for _, list := range lists {
		list.each(func(doc int, tf uint32) {
			if occurrences[doc] == 0 {
				df++
			}
			occurrences[doc] += tf
		})
	}
	weight := float32(PrefixWeight * IDF(k.docs, df))
	s.total += weight
	for doc, tf := range occurrences {
		if tf > 0 {
			s.add(doc, weight, saturate(float32(tf), k.norms[doc]))
		}
	}
}

// completions returns the postings of the terms that an unfinished word stands
// for, without those in exact.
func (k *Keyword) completions(word string, exact map[int]bool) []postingList {
	lists, found := k.withPrefix(word, exact)
	part := LastDivision(word)
	if !found && part != word {
		lists, found = k.withPrefix(part, exact)
	}
	for length := len(part) - 1; length >= MinStemBytes && !found; length-- {
		cursor := k.seek(part[:length])
		found = cursor.valid() && string(cursor.term) == part[:length]
		if found && !exact[cursor.number] {
			lists = append(lists, cursor.list())
		}
	}
	if len(lists) > MaxCompletions {
		slices.SortStableFunc(lists, func(a, b postingList) int { return b.df - a.df })
		lists = lists[:MaxCompletions]
	}
	return lists
}

// withPrefix returns the postings of the terms that begin with prefix, without
// those in exact, and whether there is any such term at all.
func (k *Keyword) withPrefix(prefix string, exact map[int]bool) (lists []postingList, found bool) {
	if utf8.RuneCountInString(prefix) < MinPrefixRunes {
		return nil, false
	}
	for cursor := k.seek(prefix); cursor.hasPrefix(prefix); cursor.next() {
		found = true
		if !exact[cursor.number] {
			lists = append(lists, cursor.list())
		}
	}
	return lists, found
}

// QueryTerm is a distinct term of a query and how often it occurs there.
type QueryTerm struct {
	Text  string
	Count int
}

// QueryTerms returns the distinct terms of a query in order of appearance.
func QueryTerms(query string) []QueryTerm {
	var terms []QueryTerm
	at := make(map[string]int)
	analyze(query, func(term string, _, _ int) {
		if i, seen := at[term]; seen {
			terms[i].Count++
		} else if len(terms) < maxQueryTerms {
			at[term] = len(terms)
			terms = append(terms, QueryTerm{Text: term, Count: 1})
		}
	})
	return terms
}

// LastWord returns the folded word at the end of a query that is being typed;
// it is empty if the query ends in a separator.
func LastWord(query string) string {
	word := ""
	for start, end := nextWord(query, 0); start < end; start, end = nextWord(query, end) {
		if end == len(query) {
			word = query[start:end]
		}
	}
	return fold(word)
}

// LastDivision returns what follows the last '.' or '_' of a word.
func LastDivision(word string) string { return word[strings.LastIndexAny(word, "._")+1:] }
