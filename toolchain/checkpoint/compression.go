package checkpoint

import "slices"

// Compression records what was removed from a model, one entry for each time. It changes nothing
// in how the checkpoint is read: the sizes in Config say what is left.
type Compression []CompressionStep

// CompressionStep is one removal. Layers count from 0 in the model that the step was given.
type CompressionStep struct {
	DroppedMLP       []int `json:"dropped_mlp,omitempty"`       // layers that lost their MLP
	DroppedAttention []int `json:"dropped_attention,omitempty"` // layers that lost their attention
	DroppedBlocks    []int `json:"dropped_blocks,omitempty"`    // layers that are gone

	// WidthsBefore and WidthsAfter are the MLP widths of the layers that were left, if neurons were
	// removed.
	WidthsBefore []int `json:"widths_before,omitempty"`
	WidthsAfter  []int `json:"widths_after,omitempty"`

	ParametersBefore int64 `json:"parameters_before"` // without an output projection (lm_head)
	ParametersAfter  int64 `json:"parameters_after"`
}

// Origins returns, for each of the layers that are left, its number in the model
// before all removals.
func (c Compression) Origins(left int) []int {
	layers := left
	for _, step := range c {
		layers += len(step.DroppedBlocks)
	}
	origins := make([]int, layers)
	for i := range origins {
		origins[i] = i
	}
	for _, step := range c {
		kept := origins[:0]
		for i, o := range origins {
			if !slices.Contains(step.DroppedBlocks, i) {
				kept = append(kept, o)
			}
		}
		origins = kept
	}
	return origins
}
