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
// Keyword or KeywordTyping. The bundle's weights apply, see Fuse. The passages are
// valid until the next call.
func (r *Retriever) Fused(keyword []Hit, query []float32, k int) ([]Hit, error) {
	if r.vectors == nil {
		return nil, ErrNoVectors
	}
	cosines, similar, err := r.searcher.Scores(query, FuseDepth)
	if err != nil {
		return nil, err
	}
	return r.fusing.fuse(r.fusion, keyword, cosines, similar, k), nil
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
	return new(fusing).fuse(fusion, keyword, cosines, index.Top(cosines, FuseDepth), k)
}

// fusing is the memory of Fuse.
type fusing struct {
	list []Hit
	at   map[int]int // position in list by document
}

// fuse is Fuse with the first FuseDepth passages by cosine.
func (f *fusing) fuse(fusion index.Fusion, keyword []Hit, cosines []float32, similar []index.Match, k int) []Hit {
	keyword = keyword[:min(len(keyword), FuseDepth)]
	f.candidates(fusion, keyword, cosines, similar)
	distribution := DistributionOf(cosines)
	uncovered := meanStanding(distribution, keyword, cosines)
	for i := range f.list {
		hit := &f.list[i]
		standing := uncovered
		if hit.Doc < len(cosines) {
			standing = distribution.Standing(cosines[hit.Doc])
		}
		hit.Score = FusedScore(fusion, hit.KeywordFit, standing)
	}
	slices.SortFunc(f.list, func(a, b Hit) int {
		return index.CompareMatches(index.Match{Doc: a.Doc, Score: a.Score}, index.Match{Doc: b.Doc, Score: b.Score})
	})
	return f.list[:min(max(k, 0), len(f.list))]
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
func (f *fusing) candidates(fusion index.Fusion, keyword []Hit, cosines []float32, similar []index.Match) {
	if f.at == nil {
		f.at = make(map[int]int, len(keyword)+len(similar))
	}
	clear(f.at)
	f.list = slices.Grow(f.list[:0], len(keyword)+len(similar))
	if fusion.Keyword > 0 {
		for _, hit := range keyword {
			hit.SemanticRank, hit.SemanticScore = 0, 0
			if hit.Doc < len(cosines) {
				hit.SemanticScore = cosines[hit.Doc]
			}
			f.at[hit.Doc] = len(f.list)
			f.list = append(f.list, hit)
		}
	}
	if fusion.Semantic > 0 {
		for rank, match := range similar {
			i, both := f.at[match.Doc]
			if !both {
				i = len(f.list)
				f.list = append(f.list, Hit{Doc: match.Doc, SemanticScore: match.Score})
			}
			f.list[i].SemanticRank = rank + 1
		}
	}
}

// meanStanding is the average Standing of the keyword hits that cosines cover.
func meanStanding(distribution Distribution, keyword []Hit, cosines []float32) float32 {
	var sum, count float32
	for _, hit := range keyword {
		if hit.Doc < len(cosines) {
			sum += distribution.Standing(cosines[hit.Doc])
			count++
		}
	}
	return sum / max(count, 1)
}
