package retriever

import "math"

// PageDepth is how many passages of a page count for its score.
const PageDepth = 3

// PageScore returns the score of a page from those of its passages, best first, of
// which the first PageDepth count:
//
//	(s1^8 + s2^8 + s3^8)^(1/8)
//
// This is nearly the best one, and up to 1.15 times as much if others are as good: of
// two pages with equally good passages the one that says more comes first, while one
// with many weak passages gains nothing. Scores that are not above 0 count only if
// there are no others. The sum is taken in float64, in order; the root is three square
// roots, so that all hosts agree.
func PageScore(scores []float32) float32 {
	best := scores[0]
	if best <= 0 || len(scores) == 1 {
		return best
	}
	var sum float64
	for _, s := range scores[:min(len(scores), PageDepth)] {
		if s > 0 {
			second := float64(float64(s) * float64(s))
			fourth := float64(second * second)
			sum += float64(fourth * fourth)
		}
	}
	return float32(math.Sqrt(math.Sqrt(math.Sqrt(sum))))
}
