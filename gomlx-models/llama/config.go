package llama

import (
	"fmt"
	"math"
	"slices"

	"github.com/effir/effir/gomlx-models/family"
)

// Config gives the sizes of a model. Hugging Face's name of each value is in
// parentheses. It implements [family.Model].
type Config struct {
	Vocab   int // number of tokens (vocab_size)
	Hidden  int // width of the residual stream (hidden_size)
	Heads   int // query heads (num_attention_heads)
	KVHeads int // key and value heads; divides Heads (num_key_value_heads)
	HeadDim int // width of one head, even; need not be Hidden/Heads (head_dim)

	// Intermediate holds the inner width of each layer's MLP; its length is the
	// number of layers (num_hidden_layers times intermediate_size in a model
	// that was not slimmed). A width of 0 means that the layer has no MLP and
	// no norm in front of it.
	Intermediate []int

	// DropAttention lists the layers, counted from 0, that have no attention and
	// no norm in front of it.
	DropAttention []int

	MaxPositions int // longest text in tokens, 0 for any (max_position_embeddings)

	RopeTheta float64 // base of the rotary frequencies (rope_theta)
	RMSEps    float64 // added to the mean square in the norms (rms_norm_eps)

	// Causal lets a token attend to itself and earlier tokens only, as language
	// models are trained. Without it every token attends to all tokens.
	Causal bool

	// Tied makes the token embedding serve as output projection; otherwise
	// [Config.Logits] needs lm_head.weight (tie_word_embeddings).
	Tied bool
}

var _ family.Model = Config{}

// maxSize bounds every size, so that products of two cannot overflow and a
// damaged configuration cannot ask for absurd amounts of memory.
const maxSize = 1 << 24

// Sizes implements [family.Model].
func (c Config) Sizes() family.Sizes {
	s := family.Sizes{Vocab: c.Vocab, Hidden: c.Hidden, MaxTokens: c.MaxPositions, MLP: slices.Clone(c.Intermediate)}
	for i := range c.Intermediate {
		s.Attention = append(s.Attention, c.hasAttention(i))
	}
	return s
}

func (c Config) hasAttention(layer int) bool { return !slices.Contains(c.DropAttention, layer) }

// Validate reports the first field that no model can have, by its name.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Vocab", c.Vocab},
		{"Hidden", c.Hidden},
		{"Heads", c.Heads},
		{"KVHeads", c.KVHeads},
		{"HeadDim", c.HeadDim},
		{"len(Intermediate)", len(c.Intermediate)},
	} {
		if f.value < 1 || f.value > maxSize {
			return fmt.Errorf("llama config: %s is %d, want 1 to %d", f.name, f.value, maxSize)
		}
	}
	if c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("llama config: KVHeads %d does not divide Heads %d", c.KVHeads, c.Heads)
	}
	if c.HeadDim%2 != 0 {
		return fmt.Errorf("llama config: HeadDim is %d, want an even number: rotary positions turn pairs", c.HeadDim)
	}
	if c.Heads > maxSize/c.HeadDim {
		return fmt.Errorf("llama config: Heads %d times HeadDim %d is more than %d", c.Heads, c.HeadDim, maxSize)
	}
	for i, width := range c.Intermediate {
		if width < 0 || width > maxSize {
			return fmt.Errorf("llama config: Intermediate[%d] is %d, want 0 to %d", i, width, maxSize)
		}
	}
	for _, i := range c.DropAttention {
		if i < 0 || i >= len(c.Intermediate) {
			return fmt.Errorf("llama config: DropAttention has layer %d of %d", i, len(c.Intermediate))
		}
	}
	if c.MaxPositions < 0 {
		return fmt.Errorf("llama config: MaxPositions is %d, want 0 or more", c.MaxPositions)
	}
	if !(c.RopeTheta > 1) || math.IsInf(c.RopeTheta, 0) {
		return fmt.Errorf("llama config: RopeTheta is %g, want a finite number above 1", c.RopeTheta)
	}
	if !(c.RMSEps >= 0 && c.RMSEps < 1) {
		return fmt.Errorf("llama config: RMSEps is %g, want 0 or more and below 1", c.RMSEps)
	}
	return nil
}
