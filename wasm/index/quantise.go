package index

import (
	"errors"
	"math"
)

// maxMagnitude bounds the numbers of a vector, so that no score overflows.
// Embeddings have length 1.
const maxMagnitude = 1e9

// Quantise returns vec as int8 and the scale that turns it back:
//
//	scale = max |x| / 127,  q = x / scale rounded half to even,
//
// all in float32. The all-zero vector has scale 0. It is an error if a number
// is not finite or is beyond 1e9.
func Quantise(vec []float32) (q []int8, scale float32, err error) {
	q = make([]int8, len(vec))
	scale, err = quantiseInto(q, vec)
	if err != nil {
		return nil, 0, err
	}
	return q, scale, nil
}

func quantiseInto(q []int8, vec []float32) (scale float32, err error) {
	var largest float32
	for _, x := range vec {
		x = float32(math.Abs(float64(x)))
		if !(x <= maxMagnitude) {
			return 0, errors.New("vector: holds a number that is not finite or beyond 1e9: the encoder's output is unusable")
		}
		largest = max(largest, x)
	}
	scale = largest / 127
	if scale == 0 {
		clear(q)
		return 0, nil
	}
	for i, x := range vec {
		// Only subnormal scales, which are coarse, leave [-127, 127].
		rounded := math.RoundToEven(float64(x / scale))
		q[i] = int8(min(max(rounded, -127), 127))
	}
	return scale, nil
}
