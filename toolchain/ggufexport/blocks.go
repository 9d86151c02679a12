package ggufexport

import (
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// block is a layer of the file.
type block struct {
	layer     int // of the checkpoint; -1 if the block stands for none
	attention bool
	heads     int // stored query heads; 0 means that the block has no attention
	kvHeads   int
	mlp       bool
	width     int // stored MLP width
}

// multiple is the number of neurons to which MLPs are padded when weights are stored in blocks:
// these lie along the rows of the down projection. A neuron whose weights are 0 adds nothing.
const multiple = 32

// blocks says what becomes of each layer. llama.cpp's "deci" demands some care:
//
//   - A block with feed_forward_length 0 ends before its attention has been added to the stream. So a
//     layer without MLP gets one of width 1 whose weights are 0.
//   - A block with head_count 0 passes the stream to its MLP, as a layer without attention should.
//     But the size of a head is not read when the first block has none. So there, attention of one
//     head whose weights are 0 takes the place.
//   - A layer that has neither is left out. Of a model without any, one such block remains, since a
//     file needs one.
func blocks(c *checkpoint.Config, kind gguf.Type) []block {
	var list []block
	for layer := range c.NumHiddenLayers {
		b := block{layer: layer, attention: c.HasAttention(layer), mlp: c.MLPWidth(layer) > 0}
		if b.attention {
			b.heads, b.kvHeads = c.NumAttentionHeads, c.NumKeyValueHeads
		}
		if b.width = c.MLPWidth(layer); kind == gguf.Q8_0 || kind == gguf.Q4_0 {
			b.width = (b.width + multiple - 1) / multiple * multiple
		}
		if b.attention || b.mlp {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		list = []block{{layer: -1}}
	}
	if first := &list[0]; first.heads == 0 {
		first.heads, first.kvHeads = 1, 1
	}
	for i := range list {
		list[i].width = max(1, list[i].width)
	}
	return list
}

// architecture is "llama" if all blocks are whole and alike.
func architecture(list []block) string {
	for _, b := range list {
		if !b.attention || !b.mlp || b.width != list[0].width {
			return "deci"
		}
	}
	return "llama"
}
