package checkpoint

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
