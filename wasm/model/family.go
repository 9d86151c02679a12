package model

import "strconv"

// section is a family's part of the manifest.
type section interface {
	check() error
	sizes() (hidden, vocab int)
	layers() *Layers
	// slots lists the tensors of everything but the head; maxTokens: [Manifest.MaxTokens].
	slots(maxTokens int) []Slot
}

// section returns the part that Family names, or nil if that or another is given
// wrongly.
func (m *Manifest) section() section {
	switch {
	case m.Family == "llama" && m.Llama != nil && m.Bert == nil:
		return m.Llama
	case m.Family == "bert" && m.Bert != nil && m.Llama == nil:
		return m.Bert
	}
	return nil
}

// Hidden returns the width of the residual stream.
func (m *Manifest) Hidden() int {
	hidden, _ := m.section().sizes()
	return hidden
}

// Vocab returns the number of token ids.
func (m *Manifest) Vocab() int {
	_, vocab := m.section().sizes()
	return vocab
}

// Layers returns what the layers consist of.
func (m *Manifest) Layers() *Layers { return m.section().layers() }

// Layers says which sub-layers a model has; both families' sections have it.
type Layers struct {
	// MLP holds the intermediate width of every layer; 0 where the layer has no
	// MLP. Its length is the number of layers. Widths are those of the stored
	// tensors, padded to what the kernels ask for.
	MLP []int `json:"mlp"`
	// Attention says which layers have attention; without it, all have.
	Attention []bool `json:"attention,omitempty"`
}

// Count returns the number of layers.
func (l *Layers) Count() int { return len(l.MLP) }

// HasAttention says whether layer i has attention.
func (l *Layers) HasAttention(i int) bool { return len(l.Attention) == 0 || l.Attention[i] }

// check names the fields with the section's name in front.
func (l *Layers) check(name string) error {
	if err := within(name+".mlp (its length)", len(l.MLP), maxLayers, 1); err != nil {
		return err
	}
	if n := len(l.Attention); n != 0 && n != len(l.MLP) {
		return bad(name+".attention", "must have an entry for each layer, or none at all")
	}
	for i, width := range l.MLP {
		if width < 0 || width > maxWidth || width%32 != 0 {
			return bad(name+".mlp["+strconv.Itoa(i)+"]", "must be 0 or a multiple of 32, at most "+strconv.Itoa(maxWidth))
		}
	}
	return nil
}

// LayerName returns the prefix of layer i's tensor names.
func LayerName(i int) string { return "layer." + strconv.Itoa(i) + "." }
