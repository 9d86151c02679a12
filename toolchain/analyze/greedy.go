package analyze

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/backends"

	"github.com/effir/effir/toolchain/compress"
	"github.com/effir/effir/toolchain/reader"
)

// GreedyOptions say what Greedy measures.
type GreedyOptions struct {
	Unit        Unit // Attention or MLP
	Most        int  // parts to drop
	BatchTokens int  // tokens that run together, padding included

	// Progress, if set, is told how many cuts were tried, of how many.
	Progress func(done, total int)
}

// Greedy drops parts one by one, each time the one without which the vectors of the given texts
// (tokens, special ones included) turn least, and returns the layers in this order. A score is the
// mean of 1 - cos between the vectors of the whole model and of what is left after the cut.
//
// Importance looks at each part alone and at the stream behind it; Greedy looks at the embedding and
// at what was dropped before. It costs most·layers passes over the texts instead of one.
func Greedy(ctx context.Context, backend backends.Backend, m compress.Model, texts [][]int32, o GreedyOptions) ([]Score, error) {
	cfg := m.Config()
	var left []int
	for layer := range cfg.NumHiddenLayers {
		if o.Unit == MLP && compress.HasMLP(cfg, layer) || o.Unit == Attention && compress.HasAttention(cfg, layer) {
			left = append(left, layer)
		}
	}
	if o.Most < 1 || o.Most > len(left) || len(texts) == 0 {
		return nil, fmt.Errorf("greedy order: %d of %d parts of unit %s with %d texts: want 1 or more of each", o.Most, len(left), o.Unit, len(texts))
	}
	r := newRunner(backend)
	defer r.close()
	vectors := func(m compress.Model) ([][]float32, error) {
		read, err := reader.New(m, 0)
		if err != nil {
			return nil, err
		}
		e := &streamed{runner: r, model: m, reader: read, tokens: max(o.BatchTokens, 1)}
		return e.vectors(ctx, texts)
	}
	whole, err := vectors(m)
	if err != nil {
		return nil, err
	}
	total, done := 0, 0
	for i := range o.Most {
		total += len(left) - i
	}
	var dropped []int
	var order []Score
	for range o.Most {
		best := Score{Layer: -1, Importance: math.Inf(1)}
		for _, layer := range left {
			cut, err := compress.New(m, o.plan(append(slices.Clone(dropped), layer)))
			if err != nil {
				return nil, err
			}
			have, err := vectors(cut)
			if err != nil {
				return nil, fmt.Errorf("without layers %v: %w", append(dropped, layer), err)
			}
			if lost := meanDistance(whole, have); lost < best.Importance {
				best = Score{layer, lost}
			}
			if done++; o.Progress != nil {
				o.Progress(done, total)
			}
		}
		if best.Layer < 0 {
			return nil, fmt.Errorf("greedy order: every cut beside %v gives vectors that are no numbers", dropped)
		}
		order, dropped = append(order, best), append(dropped, best.Layer)
		left = slices.DeleteFunc(left, func(layer int) bool { return layer == best.Layer })
	}
	return order, nil
}

func (o GreedyOptions) plan(layers []int) compress.Plan {
	if o.Unit == Attention {
		return compress.Plan{DropAttention: layers}
	}
	return compress.Plan{DropMLP: layers}
}

// meanDistance is the mean of 1 - cos between vectors of length one.
func meanDistance(a, b [][]float32) float64 {
	sum := 0.0
	for i := range a {
		dot := 0.0
		for j := range a[i] {
			dot += float64(a[i][j]) * float64(b[i][j])
		}
		sum += 1 - dot
	}
	return sum / float64(len(a))
}
