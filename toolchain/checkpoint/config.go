// Package checkpoint reads and writes the toolchain's model checkpoint: a folder with
//
//	config.json        Config, with the field names of Hugging Face's Llama configuration
//	model.safetensors  the weights under Hugging Face's tensor names (see Config.Tensors)
//	tokenizer.json     the tokenizer in the format of the "tokenizers" library
//
// A checkpoint of a model that was not slimmed is therefore also a valid Hugging Face model folder,
// and such a folder (sharded or not) of a Llama model is a valid checkpoint.
//
// Files are treated as hostile: counts, offsets and sizes are checked before anything is allocated,
// and every complaint is an *InputError that names file, field and remedy.
package checkpoint

import (
	"fmt"
	"math"
)

// Config describes a decoder of the Llama architecture: RMSNorm, rotary positions over the whole
// head in the half-split layout, grouped-query attention, SwiGLU, no biases.
type Config struct {
	Architectures    []string `json:"architectures"` // ["LlamaForCausalLM"]
	ModelType        string   `json:"model_type"`    // "llama"
	HiddenAct        string   `json:"hidden_act"`    // "silu"
	HiddenSize       int      `json:"hidden_size"`
	IntermediateSize int      `json:"intermediate_size,omitempty"` // MLP width of every layer; 0 if IntermediateSizes is given

	// IntermediateSizes gives the MLP width layer by layer for slimmed models; 0 means that the
	// layer has no MLP (and no norm before it). Empty for uniform models.
	IntermediateSizes []int `json:"intermediate_sizes,omitempty"`

	NumHiddenLayers       int     `json:"num_hidden_layers"`
	NumAttentionHeads     int     `json:"num_attention_heads"`
	NumKeyValueHeads      int     `json:"num_key_value_heads"`
	HeadDim               int     `json:"head_dim"`
	RMSNormEps            float64 `json:"rms_norm_eps"`
	RopeTheta             float64 `json:"rope_theta"`
	VocabSize             int     `json:"vocab_size"`
	MaxPositionEmbeddings int     `json:"max_position_embeddings"` // tokens
	TieWordEmbeddings     bool    `json:"tie_word_embeddings"`     // no lm_head.weight: the embedding serves

	// TorchDtype is the type in which Write stores the weights: "float32", "float16" or "bfloat16".
	TorchDtype string `json:"torch_dtype"`

	BOSTokenID *int `json:"bos_token_id,omitempty"`
	EOSTokenID *int `json:"eos_token_id,omitempty"`
	PadTokenID *int `json:"pad_token_id,omitempty"`

	Provenance *Provenance `json:"effir_source,omitempty"`
}

// Provenance records where a checkpoint's weights came from.
type Provenance struct {
	Source   string `json:"source"`             // as given to the importer; local files without their folder
	SHA256   string `json:"sha256,omitempty"`   // of the source's files, hexadecimal
	Revision string `json:"revision,omitempty"` // hub commit
	License  string `json:"license,omitempty"`  // SPDX-like identifier, if the source names one
	Weights  string `json:"weights,omitempty"`  // number formats of the source, such as "F32, Q4_1, Q8_0"
}

// Spec is the name and shape that a configuration demands of one tensor.
type Spec struct {
	Name  string
	Shape []int
}

// Elements is the product of the shape.
func (s Spec) Elements() int64 {
	n := int64(1)
	for _, d := range s.Shape {
		n *= int64(d)
	}
	return n
}

// MLPWidth is the number of hidden units of the MLP in the given layer (from 0); 0 means that the
// layer has no MLP.
func (c *Config) MLPWidth(layer int) int {
	if len(c.IntermediateSizes) > 0 {
		return c.IntermediateSizes[layer]
	}
	return c.IntermediateSize
}

// Tensors lists the tensors of a model with this configuration, in the order in which Write stores
// them. Linear weights have the shape [outputs, inputs].
func (c *Config) Tensors() []Spec {
	h, q, kv := c.HiddenSize, c.NumAttentionHeads*c.HeadDim, c.NumKeyValueHeads*c.HeadDim
	specs := []Spec{{"model.embed_tokens.weight", []int{c.VocabSize, h}}}
	for layer := range c.NumHiddenLayers {
		add := func(name string, shape ...int) {
			specs = append(specs, Spec{fmt.Sprintf("model.layers.%d.%s.weight", layer, name), shape})
		}
		add("input_layernorm", h)
		add("self_attn.q_proj", q, h)
		add("self_attn.k_proj", kv, h)
		add("self_attn.v_proj", kv, h)
		add("self_attn.o_proj", h, q)
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

// Bounds on a configuration. They keep every product of two dimensions far from overflow and are
// well above any published model.
const (
	maxDimension = 1 << 24
	maxLayers    = 1 << 12
)

// Validate checks that the configuration is complete and consistent. The *InputError that it
// returns calls the file "config.json".
func (c *Config) Validate() error {
	fail := func(field, problem string, args ...any) error {
		return &InputError{
			File: configFile, Field: field, Problem: fmt.Sprintf(problem, args...),
			Remedy: "use a Llama-family model with a complete configuration",
		}
	}
	if c.ModelType != "llama" {
		return fail("model_type", "is %q, only \"llama\" is supported", c.ModelType)
	}
	if c.HiddenAct != "silu" {
		return fail("hidden_act", "is %q, only \"silu\" is supported", c.HiddenAct)
	}
	for _, f := range []struct {
		name  string
		value int
		max   int
	}{
		{"hidden_size", c.HiddenSize, maxDimension},
		{"num_hidden_layers", c.NumHiddenLayers, maxLayers},
		{"num_attention_heads", c.NumAttentionHeads, 1 << 12},
		{"num_key_value_heads", c.NumKeyValueHeads, 1 << 12},
		{"head_dim", c.HeadDim, 1 << 12},
		{"vocab_size", c.VocabSize, maxDimension},
		{"max_position_embeddings", c.MaxPositionEmbeddings, 1 << 30},
	} {
		if f.value < 1 || f.value > f.max {
			return fail(f.name, "is missing or out of range: %d is not in 1..%d", f.value, f.max)
		}
	}
	if c.NumAttentionHeads%c.NumKeyValueHeads != 0 {
		return fail("num_key_value_heads", "%d does not divide num_attention_heads %d", c.NumKeyValueHeads, c.NumAttentionHeads)
	}
	if c.HeadDim%2 != 0 {
		return fail("head_dim", "%d is odd, but rotary positions work on pairs", c.HeadDim)
	}
	if err := c.validateWidths(fail); err != nil {
		return err
	}
	if !(c.RMSNormEps > 0 && c.RMSNormEps < 1) {
		return fail("rms_norm_eps", "is missing or out of range: %v is not between 0 and 1", c.RMSNormEps)
	}
	if !(c.RopeTheta > 0) || math.IsInf(c.RopeTheta, 0) {
		return fail("rope_theta", "%v is not a positive number", c.RopeTheta)
	}
	if dtypeOfTorch(c.TorchDtype) == "" {
		return fail("torch_dtype", "is %q, want float32, float16 or bfloat16", c.TorchDtype)
	}
	for _, f := range []struct {
		name string
		id   *int
	}{{"bos_token_id", c.BOSTokenID}, {"eos_token_id", c.EOSTokenID}, {"pad_token_id", c.PadTokenID}} {
		if f.id != nil && (*f.id < 0 || *f.id >= c.VocabSize) {
			return fail(f.name, "%d is not a token: vocab_size is %d", *f.id, c.VocabSize)
		}
	}
	return nil
}

func (c *Config) validateWidths(fail func(field, problem string, args ...any) error) error {
	if len(c.IntermediateSizes) == 0 {
		if c.IntermediateSize < 1 || c.IntermediateSize > maxDimension {
			return fail("intermediate_size", "is missing or out of range: %d is not in 1..%d", c.IntermediateSize, maxDimension)
		}
		return nil
	}
	if c.IntermediateSize != 0 {
		return fail("intermediate_size", "and intermediate_sizes are both given")
	}
	if len(c.IntermediateSizes) != c.NumHiddenLayers {
		return fail("intermediate_sizes", "has %d entries for num_hidden_layers %d", len(c.IntermediateSizes), c.NumHiddenLayers)
	}
	for layer, width := range c.IntermediateSizes {
		if width < 0 || width > maxDimension {
			return fail("intermediate_sizes", "entry %d is out of range: %d is not in 0..%d", layer, width, maxDimension)
		}
	}
	return nil
}
