package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const configFile = "config.json"

// looseConfig reads what other programs write: older and newer spellings of Config's fields, and
// the switches of the Llama family that change the computation and that we do not have.
type looseConfig struct {
	Config
	IntermediateSize json.RawMessage `json:"intermediate_size"` // one width, or a list
	EOSTokenID       json.RawMessage `json:"eos_token_id"`      // one id, or a list of which we take the first
	Dtype            string          `json:"dtype"`             // newer spelling of torch_dtype
	RopeScaling      *ropeParameters `json:"rope_scaling"`
	RopeParameters   *ropeParameters `json:"rope_parameters"` // newer place of rope_theta
	AttentionBias    bool            `json:"attention_bias"`
	MLPBias          bool            `json:"mlp_bias"`
	PartialRotary    *float64        `json:"partial_rotary_factor"`

	PositionEmbeddingType string `json:"position_embedding_type"` // BERT: "absolute" unless said otherwise
	IsDecoder             bool   `json:"is_decoder"`              // BERT with a causal mask
	EmbeddingSize         int    `json:"embedding_size"`          // word vectors narrower than the hidden state
}

type ropeParameters struct {
	RopeType  string   `json:"rope_type"`
	Type      string   `json:"type"` // older spelling of rope_type
	RopeTheta *float64 `json:"rope_theta"`
}

// kind is the way in which positions are stretched, "" or "default" for not at all.
func (r *ropeParameters) kind() string {
	if r.RopeType != "" {
		return r.RopeType
	}
	return r.Type
}

// ReadConfig reads and validates a config.json as ParseConfig does.
func ReadConfig(path string) (Config, error) {
	data, err := readLimited(path, maxConfig)
	if err != nil {
		return Config{}, err
	}
	return ParseConfig(path, data)
}

// ParseConfig reads a Hugging Face config.json and validates it. file names the source in errors.
// Where the format has a default that all models of a family share, it is filled in: as many
// key-value heads as heads, head_dim = hidden_size / heads, float32; rope_theta 10000 and activation
// silu for Llama; layer_norm_eps 1e-12, two token types and activation gelu for BERT.
func ParseConfig(file string, data []byte) (Config, error) {
	c, err := parseConfig(data)
	var input *InputError
	if errors.As(err, &input) {
		input.File = file
	}
	return c, err
}

func parseConfig(data []byte) (Config, error) {
	fail := func(field, problem string, err error) (Config, error) {
		return Config{}, &InputError{
			File: configFile, Field: field, Problem: problem, Err: err,
			Remedy: "use the config.json that was published with a Llama or BERT model",
		}
	}
	var loose looseConfig
	if err := json.Unmarshal(data, &loose); err != nil {
		var typeError *json.UnmarshalTypeError
		if errors.As(err, &typeError) {
			return fail(strings.TrimPrefix(typeError.Field, "Config."), "is a JSON "+typeError.Value+", want "+typeError.Type.String(), nil)
		}
		return fail("", "is not valid JSON", err)
	}
	c := loose.Config
	if len(loose.IntermediateSize) > 0 && json.Unmarshal(loose.IntermediateSize, &c.IntermediateSize) != nil {
		c.IntermediateSize = 0
		if json.Unmarshal(loose.IntermediateSize, &c.IntermediateSizes) != nil {
			return fail("intermediate_size", "is neither an integer nor a list of integers", nil)
		}
	}
	if id, err := firstID(loose.EOSTokenID); err != nil {
		return fail("eos_token_id", "is neither an integer nor a list of integers", nil)
	} else {
		c.EOSTokenID = id
	}
	if c.TorchDtype == "" {
		c.TorchDtype = loose.Dtype
	}
	for _, rope := range []*ropeParameters{loose.RopeScaling, loose.RopeParameters} {
		if rope == nil {
			continue
		}
		if kind := rope.kind(); kind != "" && kind != "default" {
			return fail("rope_scaling", fmt.Sprintf("is %q; scaled rotary positions are not supported", kind), nil)
		}
		if c.RopeTheta == 0 && rope.RopeTheta != nil {
			c.RopeTheta = *rope.RopeTheta
		}
	}
	if c.PadTokenID != nil && *c.PadTokenID < 0 { // how old configurations say "none"
		c.PadTokenID = nil
	}
	switch {
	case loose.AttentionBias:
		return fail("attention_bias", "is true; attention with biases is not supported", nil)
	case loose.MLPBias:
		return fail("mlp_bias", "is true; MLPs with biases are not supported", nil)
	case c.ModelType == Bert && loose.PositionEmbeddingType != "" && loose.PositionEmbeddingType != "absolute":
		return fail("position_embedding_type", fmt.Sprintf("is %q; only absolute positions are supported", loose.PositionEmbeddingType), nil)
	case c.ModelType == Bert && loose.IsDecoder:
		return fail("is_decoder", "is true; BERT as a decoder is not supported", nil)
	case c.ModelType == Bert && loose.EmbeddingSize != 0 && loose.EmbeddingSize != c.HiddenSize:
		return fail("embedding_size", fmt.Sprintf("%d is not hidden_size %d; projected word vectors are not supported", loose.EmbeddingSize, c.HiddenSize), nil)
	case loose.PartialRotary != nil && *loose.PartialRotary != 1:
		return fail("partial_rotary_factor", "is not 1; partial rotary positions are not supported", nil)
	}
	switch c.ModelType {
	case Llama:
		c.LayerNormEps, c.TypeVocabSize = 0, 0
		if slices.Contains(c.Architectures, "LlamaModel") {
			c.TieWordEmbeddings = true // stored without an output layer, so that none may be demanded
		}
	case Bert:
		c.Architectures, c.TieWordEmbeddings = nil, false // what is around the encoder is ignored
		c.RMSNormEps, c.RopeTheta = 0, 0
	}
	c.fillDefaults()
	return c, c.Validate()
}

// fillDefaults sets the fields that old configurations leave out.
func (c *Config) fillDefaults() {
	if c.NumKeyValueHeads == 0 {
		c.NumKeyValueHeads = c.NumAttentionHeads
	}
	if c.HeadDim == 0 && c.NumAttentionHeads > 0 && c.HiddenSize%c.NumAttentionHeads == 0 {
		c.HeadDim = c.HiddenSize / c.NumAttentionHeads
	}
	architecture, activation := "LlamaForCausalLM", "silu"
	switch c.ModelType {
	case Llama:
		if c.RopeTheta == 0 {
			c.RopeTheta = 10000
		}
	case Bert:
		architecture, activation = "BertModel", "gelu"
		if c.LayerNormEps == 0 {
			c.LayerNormEps = 1e-12
		}
		if c.TypeVocabSize == 0 {
			c.TypeVocabSize = 2
		}
	}
	if c.HiddenAct == "" {
		c.HiddenAct = activation
	}
	if c.TorchDtype == "" {
		c.TorchDtype = "float32"
	}
	if len(c.Architectures) == 0 {
		c.Architectures = []string{architecture}
	}
}

func firstID(raw json.RawMessage) (*int, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var id int
	if json.Unmarshal(raw, &id) == nil {
		return &id, nil
	}
	var ids []int
	if err := json.Unmarshal(raw, &ids); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return &ids[0], nil
}
