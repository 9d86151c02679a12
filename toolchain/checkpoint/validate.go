package checkpoint

import "math"

// Bounds on a configuration. They keep every product of two dimensions far from overflow and are
// well above any published model.
const (
	maxDimension = 1 << 24
	maxLayers    = 1 << 12
)

// Validate checks that the configuration is complete and consistent. The *InputError that it
// returns calls the file "config.json".
func (c *Config) Validate() error {
	fail := failures("use a Llama or BERT model with a complete configuration")
	family := c.validateLlama
	switch c.ModelType {
	case Llama:
	case Bert:
		family = c.validateBert
	default:
		return fail("model_type", "is %q, \"llama\" and \"bert\" are supported", c.ModelType)
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
	if err := family(fail); err != nil {
		return err
	}
	if err := c.validateWidths(fail); err != nil {
		return err
	}
	for i, layer := range c.DroppedAttention {
		if layer < 0 || layer >= c.NumHiddenLayers || i > 0 && layer <= c.DroppedAttention[i-1] {
			return fail("dropped_attention", "entry %d is %d, want ascending layers below num_hidden_layers %d", i, layer, c.NumHiddenLayers)
		}
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
	return c.validateEmbedding(fail)
}

// activation checks hidden_act against the only one of the family.
func (c *Config) activation(fail failure, want string) error {
	if c.HiddenAct != want {
		return fail("hidden_act", "is %q, only %q is supported for %s models", c.HiddenAct, want, c.ModelType)
	}
	return nil
}

func (c *Config) validateLlama(fail failure) error {
	if err := c.activation(fail, "silu"); err != nil {
		return err
	}
	switch {
	case c.NumAttentionHeads%c.NumKeyValueHeads != 0:
		return fail("num_key_value_heads", "%d does not divide num_attention_heads %d", c.NumKeyValueHeads, c.NumAttentionHeads)
	case c.HeadDim%2 != 0:
		return fail("head_dim", "%d is odd, but rotary positions work on pairs", c.HeadDim)
	case !(c.RMSNormEps > 0 && c.RMSNormEps < 1):
		return fail("rms_norm_eps", "is missing or out of range: %v is not between 0 and 1", c.RMSNormEps)
	case !(c.RopeTheta > 0) || math.IsInf(c.RopeTheta, 0):
		return fail("rope_theta", "%v is not a positive number", c.RopeTheta)
	case c.LayerNormEps != 0 || c.TypeVocabSize != 0:
		return fail("layer_norm_eps", "and type_vocab_size are for BERT models")
	}
	return nil
}

func (c *Config) validateBert(fail failure) error {
	if err := c.activation(fail, "gelu"); err != nil {
		return err
	}
	switch {
	case c.NumKeyValueHeads != c.NumAttentionHeads:
		return fail("num_key_value_heads", "%d is not num_attention_heads %d", c.NumKeyValueHeads, c.NumAttentionHeads)
	case c.HeadDim*c.NumAttentionHeads != c.HiddenSize:
		return fail("num_attention_heads", "%d heads of %d do not make hidden_size %d", c.NumAttentionHeads, c.HeadDim, c.HiddenSize)
	case c.MaxPositionEmbeddings > maxDimension:
		return fail("max_position_embeddings", "is out of range: %d is not in 1..%d", c.MaxPositionEmbeddings, maxDimension)
	case c.TypeVocabSize < 1 || c.TypeVocabSize > maxDimension:
		return fail("type_vocab_size", "is missing or out of range: %d is not in 1..%d", c.TypeVocabSize, maxDimension)
	case !(c.LayerNormEps > 0 && c.LayerNormEps < 1):
		return fail("layer_norm_eps", "is missing or out of range: %v is not between 0 and 1", c.LayerNormEps)
	case c.TieWordEmbeddings:
		return fail("tie_word_embeddings", "is true, but a BERT model has no output layer to tie")
	case c.RMSNormEps != 0 || c.RopeTheta != 0:
		return fail("rms_norm_eps", "and rope_theta are for Llama models")
	}
	return nil
}

func (c *Config) validateWidths(fail failure) error {
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
