package checkpoint

import "fmt"

// Tensors lists the tensors of a model with this configuration, in the order in which Write stores
// them. Linear weights have the shape [outputs, inputs]. It returns nil for a ModelType that is not
// supported.
func (c *Config) Tensors() []Spec {
	var specs []Spec
	switch c.ModelType {
	case Llama:
		specs = c.llamaTensors()
	case Bert:
		specs = c.bertTensors()
	}
	return append(specs, c.headTensors()...)
}

func (c *Config) llamaTensors() []Spec {
	h, q, kv := c.HiddenSize, c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	specs := []Spec{{"model.embed_tokens.weight", []int{c.VocabSize, h}}}
	for layer := range c.NumHiddenLayers {
		add := func(name string, shape ...int) {
			specs = append(specs, Spec{fmt.Sprintf("model.layers.%d.%s.weight", layer, name), shape})
		}
		if c.HasAttention(layer) {
			add("input_layernorm", h)
			add("self_attn.q_proj", q, h)
			add("self_attn.k_proj", kv, h)
			add("self_attn.v_proj", kv, h)
			add("self_attn.o_proj", h, q)
		}
		if width := c.MLPWidth(layer); width > 0 {
			add("post_attention_layernorm", h)
			add("mlp.gate_proj", width, h)
			add("mlp.up_proj", width, h)
			add("mlp.down_proj", h, width)
		}
	}
	specs = append(specs, Spec{"model.norm.weight", []int{h}})
	if !c.TieWordEmbeddings {
		specs = append(specs, Spec{"lm_head.weight", []int{c.VocabSize, h}})
	}
	return specs
}

func (c *Config) bertTensors() []Spec {
	h := c.HiddenSize
	specs := []Spec{
		{"embeddings.word_embeddings.weight", []int{c.VocabSize, h}},
		{"embeddings.position_embeddings.weight", []int{c.MaxPositionEmbeddings, h}},
		{"embeddings.token_type_embeddings.weight", []int{c.TypeVocabSize, h}},
		{"embeddings.LayerNorm.weight", []int{h}},
		{"embeddings.LayerNorm.bias", []int{h}},
	}
	for layer := range c.NumHiddenLayers {
		norm := func(name string) {
			name = fmt.Sprintf("encoder.layer.%d.%s", layer, name)
			specs = append(specs, Spec{name + ".weight", []int{h}}, Spec{name + ".bias", []int{h}})
		}
		linear := func(name string, out, in int) {
			name = fmt.Sprintf("encoder.layer.%d.%s", layer, name)
			specs = append(specs, Spec{name + ".weight", []int{out, in}}, Spec{name + ".bias", []int{out}})
		}
		if c.HasAttention(layer) {
			linear("attention.self.query", h, h)
			linear("attention.self.key", h, h)
			linear("attention.self.value", h, h)
			linear("attention.output.dense", h, h)
		}
		norm("attention.output.LayerNorm")
		if width := c.MLPWidth(layer); width > 0 {
			linear("intermediate.dense", width, h)
			linear("output.dense", h, width)
		}
		norm("output.LayerNorm")
	}
	return specs
}
