package bert

import (
	"fmt"
	"slices"

	"github.com/effir/effir/gomlx-models/family"
)

// Config gives the sizes of a model. Hugging Face's name of each value is in
// parentheses. It implements [family.Model].
type Config struct {
	Vocab  int // number of tokens (vocab_size)
	Hidden int // width of the residual stream (hidden_size)
	Heads  int // attention heads; divides Hidden (num_attention_heads)

	// Intermediate holds the inner width of each layer's MLP; its length is the
	// number of layers (num_hidden_layers times intermediate_size in a model
	// that was not slimmed). A layer of width 0 has no MLP; the norm behind it
	// stays, as it lies on the residual stream.
	Intermediate []int

	// DropAttention lists the layers without attention, counted from 0. The norm
	// behind it stays.
	DropAttention []int

	MaxPositions int     // longest text in tokens (max_position_embeddings)
	TypeVocab    int     // token types, of which texts have type 0 (type_vocab_size)
	LayerNormEps float64 // added to the variance in the norms (layer_norm_eps)
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
		{"len(Intermediate)", len(c.Intermediate)},
		{"MaxPositions", c.MaxPositions},
		{"TypeVocab", c.TypeVocab},
	} {
		if f.value < 1 || f.value > maxSize {
			return fmt.Errorf("bert config: %s is %d, want 1 to %d", f.name, f.value, maxSize)
		}
	}
	if c.Hidden%c.Heads != 0 {
		return fmt.Errorf("bert config: Heads %d does not divide Hidden %d", c.Heads, c.Hidden)
	}
	for i, width := range c.Intermediate {
		if width < 0 || width > maxSize {
			return fmt.Errorf("bert config: Intermediate[%d] is %d, want 0 to %d", i, width, maxSize)
		}
	}
	for _, i := range c.DropAttention {
		if i < 0 || i >= len(c.Intermediate) {
			return fmt.Errorf("bert config: DropAttention has layer %d of %d", i, len(c.Intermediate))
		}
	}
	if !(c.LayerNormEps >= 0 && c.LayerNormEps < 1) {
		return fmt.Errorf("bert config: LayerNormEps is %g, want 0 or more and below 1", c.LayerNormEps)
	}
	return nil
}
