package site

import "github.com/effir/effir/wasm/retriever"

// Query is what a reader asks for.
type Query struct {
	Text string
	// Vector is the encoder's output for the text. Nil searches by keyword only;
	// with an empty Text the search is by meaning only.
	Vector []float32
	// Limit is the number of pages wanted: 0 means 10, the most is 1000.
	Limit int
	// Filters narrows the results to pages that have, for every key, one of the
	// values.
	Filters map[string][]string
	// SortBy orders the best matches by a sort key instead of their score.
	SortBy     string
	Descending bool
	// Typing says that the last word may be unfinished.
	Typing bool
}

// Results are the pages found, best first.
type Results struct {
	Hits []Hit
}

// Hit is one page found. Ranks count from 1 over passages; they are the best of
// the page's passages, 0 if that ranking has none of them.
type Hit struct {
	Number       int
	Page         Page // without its filters, sorts and passages
	Score        float32
	KeywordRank  int
	SemanticRank int
	Passages     []PassageHit // the best ones, at most 3
}

// PassageHit is one passage found, with its place in both rankings.
type PassageHit struct {
	Number        int
	Passage       Passage
	Score         float32
	KeywordRank   int
	KeywordScore  float32 // BM25
	SemanticRank  int
	SemanticScore float32
}

const (
	defaultLimit = 10
	maxLimit     = 1000
	// maxHitPassages bounds the passages shown of one page.
	maxHitPassages = retriever.PageDepth
)
