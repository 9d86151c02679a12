// Package head fits a dense layer behind pooling that makes the states of a
// model without retrieval training comparable, from texts alone.
//
// Pooled states of a language model share a few directions of huge variance
// that say nothing about a text's meaning, and cosine similarity sees little
// else (Ethayarajh 2019). Removing the mean and damping the directions of large
// variance undoes that: Mu and Viswanath 2018 ("All-but-the-Top") drop the first
// principal components, Su et al. 2021 ("Whitening Sentence Representations")
// divide each by its standard deviation. Fit can do both, the second to a power.
package head

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/effir/effir/toolchain/export"
)

// Options of Fit.
type Options struct {
	// Dims is the length of the result, the directions of largest variance.
	Dims int

	// Power p divides direction i by (variance i)^p: 0 is a plain rotation, 1/2
	// is whitening.
	Power float64

	// Drop leaves out the first so many directions.
	Drop int
}

// Fit computes the layer from pooled states [count][hidden], of at least twice as
// many texts as there are dims.
func Fit(states [][]float32, o Options) (*export.Head, error) {
	if len(states) == 0 || o.Dims < 1 || o.Drop < 0 || o.Drop+o.Dims > len(states[0]) {
		return nil, fmt.Errorf("head: %d dims after %d dropped do not fit the states", o.Dims, o.Drop)
	}
	if len(states) < 2*o.Dims {
		return nil, fmt.Errorf("head: %d texts are too few to fit %d dims; give at least %d", len(states), o.Dims, 2*o.Dims)
	}
	hidden := len(states[0])
	mean := make([]float64, hidden)
	for _, s := range states {
		for i, x := range s {
			mean[i] += float64(x) / float64(len(states))
		}
	}
	centered := mat.NewDense(len(states), hidden, nil)
	for r, s := range states {
		for i, x := range s {
			centered.Set(r, i, float64(x)-mean[i])
		}
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1/float64(len(states)), centered.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fmt.Errorf("head: the covariance of the states has no eigenvectors; are they finite?")
	}
	var directions mat.Dense
	eigen.VectorsTo(&directions)
	return layer(mean, eigen.Values(nil), &directions, o), nil
}

// layer scales the chosen directions; eigenvalues come in ascending order.
func layer(mean, values []float64, directions *mat.Dense, o Options) *export.Head {
	hidden := len(mean)
	h := &export.Head{Weight: make([]float32, hidden*o.Dims), Bias: make([]float32, o.Dims)}
	for d := range o.Dims {
		column := hidden - 1 - o.Drop - d
		scale := math.Pow(math.Max(values[column], 1e-9*values[hidden-1]), -o.Power)
		var bias float64
		for i := range hidden {
			w := directions.At(i, column) * scale
			h.Weight[i*o.Dims+d] = float32(w)
			bias -= w * mean[i]
		}
		h.Bias[d] = float32(bias)
	}
	return h
}
