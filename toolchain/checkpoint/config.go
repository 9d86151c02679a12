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

import "slices"

// The families of models, as Config.ModelType spells them.
const (
	Llama = "llama" // decoder: RMSNorm before every sub-layer, rotary positions over the whole head in the half-split layout, grouped-query attention, SwiGLU, no biases
	Bert  = "bert"  // encoder: LayerNorm after every sub-layer, learned absolute positions, GELU, biases everywhere
)

// Config describes a model of one of the families. Its fields have the names of the family's
// Hugging Face configuration; those of the other family are zero and not written.
type Config struct {
	Architectures    []string `json:"architectures"` // ["LlamaForCausalLM"] or ["BertModel"]
	ModelType        string   `json:"model_type"`    // Llama or Bert
	HiddenAct        string   `json:"hidden_act"`    // "silu" for Llama, "gelu" (the exact one, by erf) for Bert
	HiddenSize       int      `json:"hidden_size"`
	IntermediateSize int      `json:"intermediate_size,omitempty"` // MLP width of every layer; 0 if IntermediateSizes is given

	// IntermediateSizes gives the MLP width layer by layer for slimmed models; 0 means that the
	// layer has no MLP. Empty for uniform models.
	IntermediateSizes []int `json:"intermediate_sizes,omitempty"`

	// DroppedAttention lists, in ascending order, the layers (from 0) that have no attention.
	//
	// A Llama sub-layer that is dropped takes its norm with it. A Bert sub-layer that is dropped
	// leaves its norm: the stream becomes LayerNorm(stream) instead of LayerNorm(stream + update).
	DroppedAttention []int `json:"dropped_attention,omitempty"`

	NumHiddenLayers       int     `json:"num_hidden_layers"`
	NumAttentionHeads     int     `json:"num_attention_heads"`
	NumKeyValueHeads      int     `json:"num_key_value_heads"`       // Bert: NumAttentionHeads
	HeadDim               int     `json:"head_dim"`                  // Bert: HiddenSize / NumAttentionHeads
	RMSNormEps            float64 `json:"rms_norm_eps,omitempty"`    // Llama
	RopeTheta             float64 `json:"rope_theta,omitempty"`      // Llama
	LayerNormEps          float64 `json:"layer_norm_eps,omitempty"`  // Bert
	TypeVocabSize         int     `json:"type_vocab_size,omitempty"` // Bert: token types; ours are all of type 0
	VocabSize             int     `json:"vocab_size"`
	MaxPositionEmbeddings int     `json:"max_position_embeddings"` // tokens
	TieWordEmbeddings     bool    `json:"tie_word_embeddings"`     // no lm_head.weight: the embedding serves

	// TorchDtype is the type in which Write stores the weights: "float32", "float16" or "bfloat16".
	TorchDtype string `json:"torch_dtype"`

	BOSTokenID *int `json:"bos_token_id,omitempty"`
	EOSTokenID *int `json:"eos_token_id,omitempty"`
	PadTokenID *int `json:"pad_token_id,omitempty"`

	// Embedding says how a text becomes a vector; nil if the source of the model did not say.
	Embedding *Embedding `json:"effir_embedding,omitempty"`

	Compression Compression `json:"effir_compression,omitempty"`
	Provenance  *Provenance `json:"effir_source,omitempty"`
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

// HasAttention reports whether the given layer (from 0) has attention.
func (c *Config) HasAttention(layer int) bool { return !slices.Contains(c.DroppedAttention, layer) }
