package compress

import (
	"fmt"
	"slices"

	"github.com/effir/effir/toolchain/checkpoint"
)

// Plan says what to take away. Layers count from 0 in the model that is compressed; naming what the
// model lacks already is an error. The zero value takes nothing away.
type Plan struct {
	DropMLP       []int // layers that lose their MLP
	DropAttention []int // layers that lose their attention
	DropBlocks    []int // layers that are removed; the ones behind move up

	// Neurons maps a layer to the neurons of its MLP that stay, ascending. The MLPs of layers that it
	// does not name stay whole.
	Neurons map[int][]int

	// Scale maps a layer to one factor for each neuron of its MLP, counted as in the model that is
	// compressed; it goes into the weights behind the neurons. See Fold.
	Scale map[int][]float32
}

// kept lists the layers that stay.
func (p Plan) kept(cfg checkpoint.Config) []int {
	var kept []int
	for layer := range cfg.NumHiddenLayers {
		if !slices.Contains(p.DropBlocks, layer) {
			kept = append(kept, layer)
		}
	}
	return kept
}

// widths lists the MLP width of each given layer, of those that stay, after compression.
func (p Plan) widths(cfg checkpoint.Config, kept []int) []int {
	var widths []int
	for _, layer := range kept {
		width := cfg.MLPWidth(layer)
		if neurons, ok := p.Neurons[layer]; ok {
			width = len(neurons)
		}
		if slices.Contains(p.DropMLP, layer) {
			width = 0
		}
		widths = append(widths, width)
	}
	return widths
}

// normalize sorts the lists, removes layers that would be left without any effect, and drops
// entries about parts of removed layers. It checks the plan on the way.
func (p Plan) normalize(cfg checkpoint.Config) (Plan, error) {
	var err error
	if p.DropBlocks, err = distinct("blocks to drop", p.DropBlocks, cfg, always); err != nil {
		return p, err
	}
	if p.DropMLP, err = distinct("MLPs to drop", p.DropMLP, cfg, HasMLP); err != nil {
		return p, err
	}
	if p.DropAttention, err = distinct("attentions to drop", p.DropAttention, cfg, HasAttention); err != nil {
		return p, err
	}
	if layouts[cfg.ModelType].identity {
		for layer := range cfg.NumHiddenLayers {
			mlp := HasMLP(cfg, layer) && !slices.Contains(p.DropMLP, layer)
			attention := HasAttention(cfg, layer) && !slices.Contains(p.DropAttention, layer)
			if !mlp && !attention && !slices.Contains(p.DropBlocks, layer) {
				p.DropBlocks = append(p.DropBlocks, layer)
			}
		}
		slices.Sort(p.DropBlocks)
	}
	gone := func(layer int) bool { return slices.Contains(p.DropBlocks, layer) }
	p.DropMLP = slices.DeleteFunc(p.DropMLP, gone)
	p.DropAttention = slices.DeleteFunc(p.DropAttention, gone)
	if len(p.DropBlocks) == cfg.NumHiddenLayers {
		return p, fmt.Errorf("compress: no layer would be left of %d: drop fewer", cfg.NumHiddenLayers)
	}
	for layer, neurons := range p.Neurons {
		if err := checkNeurons(cfg, layer, neurons); err != nil {
			return p, err
		}
	}
	return p, nil
}

// HasMLP tells whether a layer of the model has an MLP.
func HasMLP(cfg checkpoint.Config, layer int) bool { return cfg.MLPWidth(layer) > 0 }

// HasAttention tells whether a layer of the model has attention.
func HasAttention(cfg checkpoint.Config, layer int) bool {
	return !slices.Contains(cfg.DroppedAttention, layer)
}

func always(checkpoint.Config, int) bool { return true }

// distinct sorts a list of layers, each of which must exist, have the part in question and occur
// once.
func distinct(what string, layers []int, cfg checkpoint.Config, has func(checkpoint.Config, int) bool) ([]int, error) {
	layers = slices.Sorted(slices.Values(layers))
	for i, layer := range layers {
		switch {
		case layer < 0 || layer >= cfg.NumHiddenLayers:
			return nil, fmt.Errorf("compress: %s: layer %d does not exist, the model has layers 0 to %d", what, layer, cfg.NumHiddenLayers-1)
		case i > 0 && layers[i-1] == layer:
			return nil, fmt.Errorf("compress: %s: layer %d is named twice", what, layer)
		case !has(cfg, layer):
			return nil, fmt.Errorf("compress: %s: layer %d has none", what, layer)
		}
	}
	return layers, nil
}

func checkNeurons(cfg checkpoint.Config, layer int, neurons []int) error {
	if layer < 0 || layer >= cfg.NumHiddenLayers {
		return fmt.Errorf("compress: neurons to keep: layer %d does not exist, the model has layers 0 to %d", layer, cfg.NumHiddenLayers-1)
	}
	width := cfg.MLPWidth(layer)
	if width == 0 {
		return fmt.Errorf("compress: neurons to keep: layer %d has no MLP", layer)
	}
	if len(neurons) == 0 {
		return fmt.Errorf("compress: neurons to keep: none in layer %d: drop its MLP instead", layer)
	}
	for i, n := range neurons {
		if n < 0 || n >= width || i > 0 && n <= neurons[i-1] {
			return fmt.Errorf("compress: neurons to keep: layer %d has neurons 0 to %d, entry %d is %d: want ascending numbers", layer, width-1, i, n)
		}
	}
	return nil
}
