package llama

import (
	"math"

	. "github.com/gomlx/gomlx/pkg/core/graph" //nolint:revive // GoMLX's convention for graph code
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/layers/attention/pos"
)

// rotary turns queries and keys by their positions (RoPE, arXiv:2104.09864) in
// the half-split layout: component i pairs with component i+HeadDim/2.
type rotary struct {
	tables *pos.RoPEWithCosSin
}

func newRotary(g *Graph, cfg Config, length int) rotary {
	cos, sin := rotaryTables(cfg, length)
	return rotary{pos.NewRoPEWithCosSin(
		ConstTensor(g, tensors.FromFlatDataAndDimensions(cos, length, cfg.HeadDim/2)),
		ConstTensor(g, tensors.FromFlatDataAndDimensions(sin, length, cfg.HeadDim/2)),
	)}
}

// turn rotates x, float32 [batch, length, heads, HeadDim].
func (r rotary) turn(x *Node) *Node { return r.tables.Encode(x, 1) }

// rotaryTables returns the cosines and sines of the angles p·RopeTheta^(-2i/HeadDim),
// each [length, HeadDim/2] for position p and pair i. They are computed in
// float64 and rounded once.
func rotaryTables(cfg Config, length int) (cos, sin []float32) {
	half := cfg.HeadDim / 2
	cos, sin = make([]float32, length*half), make([]float32, length*half)
	for i := range half {
		frequency := math.Pow(cfg.RopeTheta, -2*float64(i)/float64(cfg.HeadDim))
		for p := range length {
			s, c := math.Sincos(float64(p) * frequency)
			cos[p*half+i], sin[p*half+i] = float32(c), float32(s)
		}
	}
	return cos, sin
}
