// Package retriever answers queries from a search bundle: by keyword, by
// meaning, and by both fused. It knows no encoder; queries by meaning come as
// vectors.
package retriever

import (
	"errors"
	"strconv"

	"github.com/effir/effir/wasm/index"
)

// Hit is one passage found. Ranks count from 1; 0 says that this ranking does
// not hold the passage.
type Hit struct {
	Doc int
	// Score orders the hits: BM25, cosine or fused, by the method that made it.
	Score         float32
	KeywordRank   int
	KeywordScore  float32 // BM25
	KeywordFit    float32 // see index.Fit
	SemanticRank  int
	SemanticScore float32
}

// Retriever holds the parts of one bundle. Keyword search works at once, and is safe
// for concurrent use; vectors may be set at any time later, also for the first
// passages only, and be replaced by more. Of all that takes vectors only one call may
// run at a time.
type Retriever struct {
	keyword  *index.Keyword
	passages *index.Passages
	fusion   index.Fusion
	vectors  *index.Vectors
	searcher *index.Searcher
	hits     []Hit // of Semantic
	fusing   fusing
}

// Open joins a keyword index and the passages that it numbers.
func Open(keyword *index.Keyword, passages *index.Passages, fusion index.Fusion) (*Retriever, error) {
	if keyword.Len() != passages.Len() {
		return nil, errors.New("search bundle: the keyword index has " + strconv.Itoa(keyword.Len()) +
			" passages, the store " + strconv.Itoa(passages.Len()) + ": build the search bundle again")
	}
	if err := fusion.Check(); err != nil {
		return nil, err
	}
	return &Retriever{keyword: keyword, passages: passages, fusion: fusion}, nil
}

// SetVectors makes passages 0 to vectors.Len()-1 searchable by meaning.
// scanner holds the same rows; nil takes index.NewScanner.
func (r *Retriever) SetVectors(vectors *index.Vectors, scanner index.Scanner) error {
	if vectors.Len() > r.passages.Len() {
		return errors.New("search bundle: there are " + strconv.Itoa(vectors.Len()) + " vectors for " +
			strconv.Itoa(r.passages.Len()) + " passages: build the search bundle again")
	}
	if scanner == nil {
		scanner = index.NewScanner(vectors)
	}
	r.vectors, r.searcher = vectors, index.NewSearcher(vectors, scanner)
	return nil
}

// Covered returns how many passages have vectors.
func (r *Retriever) Covered() int {
	if r.vectors == nil {
		return 0
	}
	return r.vectors.Len()
}

// Passage returns the content of a hit by its Doc.
func (r *Retriever) Passage(doc int) index.Passage { return r.passages.At(doc) }

// Keyword returns the k best passages by BM25 for a finished query.
func (r *Retriever) Keyword(query string, k int) []Hit {
	return keywordHits(r.keyword.Search(query, k))
}

// KeywordTyping is Keyword for a query whose last word may be unfinished.
func (r *Retriever) KeywordTyping(query string, k int) []Hit {
	return keywordHits(r.keyword.SearchTyping(query, k))
}

func keywordHits(matches []index.KeywordMatch) []Hit {
	hits := make([]Hit, len(matches))
	for i, m := range matches {
		hits[i] = Hit{Doc: m.Doc, Score: m.Score, KeywordRank: i + 1, KeywordScore: m.Score, KeywordFit: m.Fit}
	}
	return hits
}

// ErrNoVectors says that search by meaning is not possible yet.
var ErrNoVectors = errors.New("search bundle: it has no vectors yet: embed the passages first")

// Semantic returns the k passages whose vectors are most similar to query, the
// encoder's output for the query, by cosine. They are valid until the next call.
func (r *Retriever) Semantic(query []float32, k int) ([]Hit, error) {
	if r.vectors == nil {
		return nil, ErrNoVectors
	}
	matches, err := r.searcher.Search(query, k)
	if err != nil {
		return nil, err
	}
	r.hits = r.hits[:0]
	for i, m := range matches {
		r.hits = append(r.hits, Hit{Doc: m.Doc, Score: m.Score, SemanticRank: i + 1, SemanticScore: m.Score})
	}
	return r.hits, nil
}
