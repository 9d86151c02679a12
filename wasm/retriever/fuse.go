package retriever

import (
	"math"
	"slices"

	"github.com/effir/effir/wasm/index"
)

// FuseDepth is how many passages of each ranking are considered when the two
// are fused.
const FuseDepth = 100

// Fused returns the k best passages by the keyword ranking keyword and by
// similarity to query, the encoder's output for it, together. keyword comes from
// Keyword or KeywordTyping. The bundle's weights apply, see Fuse.
func (r *Retriever) Fused(keyword []Hit, query []float32, k int) ([]Hit, error) {
	if r.vectors == nil {
		return nil, ErrNoVectors
	}
	cosines, similar, err := r.searcher.Scores(query, FuseDepth)
	if err != nil {
		return nil, err
	}
	return fuse(r.fusion, keyword, cosines, similar, k), nil
}

// Fuse combines a keyword ranking with the similarity of every passage to the
// query and returns the k best:
//
//	score = w_keyword * fit + w_semantic * z * |z|
//	z     = (c - mean c) / deviation c
//
// where fit is how well a passage fits the query by keyword, index.Fit, 0 if it is
// not among the first FuseDepth, c the passage's cosine, and mean and standard
// deviation are those of all cosines. Candidates are the first FuseDepth passages
// of each ranking. Ties go to the lower document number.
//
// This is a linear combination of normalised scores, which Bruch, Gai and Ingber
// (An Analysis of Fusion Functions for Hybrid Retrieval, 2022) found better than
// reciprocal rank fusion. A fit is a share of what the query's words could give, not
// of what the best passage has: where no passage has most of the words, as when
// somebody asks in words of their own, keywords count for little.
//
// Three things keep a weak model from doing harm: a passage
// that only keywords found counts with its own cosine, not as the least similar
// one; the deviation over the whole corpus makes models with crowded and with
// spread-out cosines alike; and the square lets a passage count that stands out
// from all others, as the right one does for a good model, while the middle of the
// ranking, noise for any model, hardly moves what keywords found. If cosines were
// normally distributed, z*z/2 would be the logarithm of the odds that a passage is
// so similar by chance, up to slowly varying terms; keyword scores are log-odds too.
//
// cosines may cover the first passages only, while the others are being embedded:
// a keyword hit beyond them counts as similar as the average keyword hit that is
// covered.
func Fuse(fusion index.Fusion, keyword []Hit, cosines []float32, k int) []Hit {
	return fuse(fusion, keyword, cosines, index.Top(cosines, FuseDepth), k)
}

// fuse is Fuse with the first FuseDepth passages by cosine.
func fuse(fusion index.Fusion, keyword []Hit, cosines []float32, similar []index.Match, k int) []Hit {
	keyword = keyword[:min(len(keyword), FuseDepth)]
	fused := candidates(fusion, keyword, cosines, similar)
	similarity := standardise(cosines, keyword)
	for i := range fused {
		hit := &fused[i]
		hit.Score = FusedScore(fusion, hit.KeywordFit, similarity(hit.Doc))
	}
	slices.SortFunc(fused, func(a, b Hit) int {
		return index.CompareMatches(index.Match{Doc: a.Doc, Score: a.Score}, index.Match{Doc: b.Doc, Score: b.Score})
	})
	return fused[:min(max(k, 0), len(fused))]
}

// FusedScore is the formula of Fuse for one passage: fit is its index.Fit (0
// without a word of the query), standing its Distribution.Standing.
func FusedScore(fusion index.Fusion, fit, standing float32) float32 {
	return float32(fusion.Keyword*fit) + float32(fusion.Semantic*standing)
}

// Distribution is how the similarities of all passages to one query are spread.
type Distribution struct{ Mean, Deviation float64 }

// DistributionOf returns mean and standard deviation. Sums are taken in float64 in
// the order of the passages.
func DistributionOf(cosines []float32) Distribution {
	var sum, squares float64
	for _, c := range cosines {
		sum += float64(c)
	}
	mean := sum / float64(max(len(cosines), 1))
	for _, c := range cosines {
		d := float64(c) - mean
		squares += float64(d * d)
	}
	return Distribution{Mean: mean, Deviation: math.Sqrt(squares / float64(max(len(cosines), 1)))}
}

// Standing returns z * |z|, z being the number of standard deviations by which a
// cosine is above the mean, and 0 if all cosines are equal.
func (d Distribution) Standing(cosine float32) float32 {
	if d.Deviation == 0 {
		return 0
	}
	z := (float64(cosine) - d.Mean) / d.Deviation
	return float32(z * math.Abs(z))
}

// candidates lists the passages of both rankings, each once, with their ranks. A
// ranking of weight 0 brings no passages.
func candidates(fusion index.Fusion, keyword []Hit, cosines []float32, similar []index.Match) []Hit {
	list := make([]Hit, 0, len(keyword)+len(similar))
	at := make(map[int]int, cap(list)) // position in list by document
	if fusion.Keyword > 0 {
		for _, hit := range keyword {
			hit.SemanticRank, hit.SemanticScore = 0, 0
			if hit.Doc < len(cosines) {
				hit.SemanticScore = cosines[hit.Doc]
			}
			at[hit.Doc] = len(list)
			list = append(list, hit)
		}
	}
	if fusion.Semantic > 0 {
		for rank, match := range similar {
			i, both := at[match.Doc]
			if !both {
				i = len(list)
				list = append(list, Hit{Doc: match.Doc, SemanticScore: match.Score})
			}
			list[i].SemanticRank = rank + 1
		}
	}
	return list
}

// standardise returns a function from a passage to Standing of its cosine.
func standardise(cosines []float32, keyword []Hit) func(doc int) float32 {
	distribution := DistributionOf(cosines)
	square := func(doc int) float32 { return distribution.Standing(cosines[doc]) }
	var covered, found float32
	for _, hit := range keyword {
		if hit.Doc < len(cosines) {
			covered += square(hit.Doc)
			found++
		}
	}
	uncovered := covered / max(found, 1)
	return func(doc int) float32 {
		if doc >= len(cosines) {
			return uncovered
		}
		return square(doc)
	}
}
