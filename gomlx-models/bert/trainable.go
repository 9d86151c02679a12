package bert

import (
	"strings"

	"github.com/effir/effir/gomlx-models/family"
)

var _ family.Trainable = Config{}

// Linears implements [family.Trainable]. Names are query, key, value,
// attention.output.dense, intermediate.dense and output.dense.
func (c Config) Linears() (list []family.Linear) {
	for i, width := range c.Intermediate {
		add := func(path string, out, in int) {
			name := strings.TrimPrefix(path, "attention.self.")
			list = append(list, family.Linear{Layer: i, Name: name, Path: layerPath(i) + path, In: in, Out: out})
		}
		if c.hasAttention(i) {
			for _, path := range []string{pathQuery, pathKey, pathValue, pathAttentionOutput} {
				add(path, c.Hidden, c.Hidden)
			}
		}
		if width > 0 {
			add(pathUp, width, c.Hidden)
			add(pathDown, c.Hidden, width)
		}
	}
	return list
}

// GatePath implements [family.Trainable].
func (c Config) GatePath(layer int) string { return layerPath(layer) + pathIntermediate }
