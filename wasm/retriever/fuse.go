package retriever

import (
	"slices"

	"github.com/effir/effir/wasm/index"
)

// FuseDepth is how many hits of each ranking fusion should be given: ranks
// beyond it hardly count.
const FuseDepth = 100

// Fuse combines hits with the bundle's weights, see the function Fuse.
func (r *Retriever) Fuse(keyword, semantic []Hit, k int) []Hit {
	return Fuse(r.fusion, keyword, semantic, k)
}

// Fuse combines the hits of Keyword (or KeywordTyping) and Semantic by weighted
// reciprocal rank fusion and returns the k best:
//
//	score = w_keyword / (K + rank by keyword) + w_semantic / (K + rank by meaning)
//
// where a missing rank adds nothing and the terms are added in this order.
// Ties go to the lower document number. With both weights 1 and K = 60 this is
// Cormack, Clarke and Büttcher, Reciprocal Rank Fusion Outperforms Condorcet
// and Individual Rank Learning Methods, SIGIR 2009.
//
// Unequal weights act strongly: with 1 and 0.5, the best passage by meaning
// alone scores like the 62nd by keyword, so that meaning mostly reorders what
// keywords found. A ranking of weight 0 brings no passages.
func Fuse(fusion index.Fusion, keyword, semantic []Hit, k int) []Hit {
	fused := make([]Hit, 0, len(keyword)+len(semantic))
	at := make(map[int]int, cap(fused)) // position in fused by document
	for _, hit := range keyword {
		hit.SemanticRank, hit.SemanticScore = 0, 0
		at[hit.Doc] = len(fused)
		fused = append(fused, hit)
	}
	for _, hit := range semantic {
		i, both := at[hit.Doc]
		if !both {
			i = len(fused)
			fused = append(fused, Hit{Doc: hit.Doc})
		}
		fused[i].SemanticRank, fused[i].SemanticScore = hit.SemanticRank, hit.SemanticScore
	}
	for i := range fused {
		fused[i].Score = fusedScore(fusion, fused[i])
	}
	fused = slices.DeleteFunc(fused, func(hit Hit) bool { return hit.Score == 0 })
	slices.SortFunc(fused, func(a, b Hit) int {
		return index.CompareMatches(index.Match{Doc: a.Doc, Score: a.Score}, index.Match{Doc: b.Doc, Score: b.Score})
	})
	return fused[:min(max(k, 0), len(fused))]
}

func fusedScore(fusion index.Fusion, hit Hit) float32 {
	var score float32
	if hit.KeywordRank > 0 {
		score += fusion.Keyword / (fusion.K + float32(hit.KeywordRank))
	}
	if hit.SemanticRank > 0 {
		score += fusion.Semantic / (fusion.K + float32(hit.SemanticRank))
	}
	return score
}
