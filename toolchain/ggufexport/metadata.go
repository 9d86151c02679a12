package ggufexport

import (
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/gguf"
)

// fileTypes are the codes of general.file_type (llama.cpp's llama_ftype).
var fileTypes = map[gguf.Type]uint32{gguf.F32: 0, gguf.F16: 1, gguf.Q4_0: 2, gguf.Q8_0: 7}

// poolings are the codes of pooling_type (llama.cpp's llama_pooling_type).
var poolings = map[string]uint32{checkpoint.PoolMean: 1, checkpoint.PoolCLS: 2, checkpoint.PoolLast: 3}

// modelPairs is the metadata that describes the model.
func modelPairs(c *checkpoint.Config, list []block, architecture string, o Options) []gguf.Pair {
	pairs := []gguf.Pair{
		{Key: "general.architecture", Value: architecture},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: o.Name},
		{Key: "general.file_type", Value: fileTypes[o.Type]},
		{Key: "general.quantization_version", Value: uint32(2)}, // of the block formats
	}
	add := func(key string, value any) {
		pairs = append(pairs, gguf.Pair{Key: key, Value: value})
	}
	if p := c.Provenance; p != nil && p.License != "" {
		add("general.license", p.License)
	}
	number := func(key string, n int) { add(architecture+"."+key, uint32(n)) }
	each := func(key string, of func(b block) int) {
		values, alike := make([]int32, len(list)), true
		for i, b := range list {
			values[i] = int32(of(b))
			alike = alike && values[i] == values[0]
		}
		if alike {
			number(key, int(values[0]))
			return
		}
		add(architecture+"."+key, values)
	}
	number("vocab_size", c.VocabSize)
	number("context_length", c.MaxPositionEmbeddings)
	number("embedding_length", c.HiddenSize)
	number("block_count", len(list))
	each("feed_forward_length", func(b block) int { return b.width })
	each("attention.head_count", func(b block) int { return b.heads })
	each("attention.head_count_kv", func(b block) int { return b.kvHeads })
	number("attention.key_length", c.HeadDim)
	number("attention.value_length", c.HeadDim)
	number("rope.dimension_count", c.HeadDim)
	add(architecture+".rope.freq_base", float32(c.RopeTheta))
	add(architecture+".attention.layer_norm_rms_epsilon", float32(c.RMSNormEps))

	// A checkpoint that does not say how it makes vectors is read as one that takes the mean.
	e := checkpoint.Embedding{Pooling: checkpoint.PoolMean}
	if c.Embedding != nil {
		e = *c.Embedding
	}
	number("pooling_type", int(poolings[e.Pooling]))
	if e.Bidirectional {
		add(architecture+".attention.causal", false)
	}
	if e.QueryPrefix != "" {
		add("effir.query_prefix", e.QueryPrefix)
	}
	if e.PassagePrefix != "" {
		add("effir.passage_prefix", e.PassagePrefix)
	}
	return pairs
}
