package compress

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Width ranks the neurons of the MLPs that the plan leaves by ReLU(gate), over all layers together,
// and adds to the plan that of N neurons round((1 - keep)·N) go, those of lowest rank. The gates'
// values are used for nothing else (paper, section 5.1). Among equal gates those of deeper layers,
// then of higher number, go first.
//
// Each width is rounded up to a multiple of `multiple`, or to the layer's full width if that is
// less, by keeping the layer's next best neurons. A layer keeps at least one neuron: an MLP is
// dropped by depth, not by width.
func (p Plan) Width(cfg checkpoint.Config, gates Gates, keep float64, multiple int) (Plan, error) {
	if !(keep > 0 && keep <= 1) {
		return p, fmt.Errorf("compress: the share of neurons to keep is %g, want more than 0 and at most 1", keep)
	}
	if multiple < 1 {
		return p, fmt.Errorf("compress: widths cannot be rounded to multiples of %d, want 1 or more", multiple)
	}
	if err := gates.check(cfg); err != nil {
		return p, err
	}
	type neuron struct {
		layer, index int
		gate         float32
	}
	var all []neuron
	for _, layer := range p.kept(cfg) {
		if slices.Contains(p.DropMLP, layer) {
			continue
		}
		for i, gate := range gates[layer] {
			all = append(all, neuron{layer, i, max(gate, 0)})
		}
	}
	slices.SortFunc(all, func(a, b neuron) int { // best first
		return cmp.Or(cmp.Compare(b.gate, a.gate), cmp.Compare(a.layer, b.layer), cmp.Compare(a.index, b.index))
	})
	left := len(all) - int(math.Round((1-keep)*float64(len(all))))

	ranked := map[int][]int{} // neurons of each layer, best first
	above := map[int]int{}    // how many of them the global cut leaves
	for rank, n := range all {
		ranked[n.layer] = append(ranked[n.layer], n.index)
		if rank < left {
			above[n.layer]++
		}
	}
	p.Neurons = map[int][]int{}
	for layer, neurons := range ranked {
		width := (max(above[layer], 1) + multiple - 1) / multiple * multiple
		p.Neurons[layer] = slices.Sorted(slices.Values(neurons[:min(width, len(neurons))]))
	}
	return p, nil
}

// Fold adds to the plan that the neurons that stay keep their trained strength: ReLU(gate) is
// multiplied into the weights behind each. The paper sets it to 1 instead; folding costs nothing
// and keeps what training the gates has recovered already.
func (p Plan) Fold(cfg checkpoint.Config, gates Gates) (Plan, error) {
	if err := gates.check(cfg); err != nil {
		return p, err
	}
	p.Scale = map[int][]float32{}
	for _, layer := range p.kept(cfg) {
		if slices.Contains(p.DropMLP, layer) || !HasMLP(cfg, layer) {
			continue
		}
		scale := make([]float32, len(gates[layer]))
		for i, gate := range gates[layer] {
			scale[i] = max(gate, 0)
		}
		p.Scale[layer] = scale
	}
	return p, nil
}
