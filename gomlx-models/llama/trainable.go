package llama

import (
	"strings"

	"github.com/effir/effir/gomlx-models/family"
)

var _ family.Trainable = Config{}

// Linears implements [family.Trainable]. Names are q_proj, k_proj, v_proj, o_proj,
// gate_proj, up_proj and down_proj.
func (c Config) Linears() (list []family.Linear) {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for i, width := range c.Intermediate {
		add := func(path string, out, in int) {
			name := path[strings.LastIndexByte(path, '.')+1:]
			list = append(list, family.Linear{Layer: i, Name: name, Path: layerPath(i) + path, In: in, Out: out})
		}
		if c.hasAttention(i) {
			add(pathQ, q, c.Hidden)
			add(pathK, kv, c.Hidden)
			add(pathV, kv, c.Hidden)
			add(pathO, c.Hidden, q)
		}
		if width > 0 {
			add(pathGate, width, c.Hidden)
			add(pathUp, width, c.Hidden)
			add(pathDown, c.Hidden, width)
		}
	}
	return list
}

// GatePath implements [family.Trainable].
func (c Config) GatePath(layer int) string { return layerPath(layer) + pathMLP }
