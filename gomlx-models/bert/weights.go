package bert

import (
	"fmt"
	"strconv"

	"github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/family"
)

// Load implements [family.Model]. See [family.Load] for what it checks.
func (c Config) Load(scope *context.Context, w family.Weights, parts ...family.Part) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if len(parts) == 0 {
		parts = append(parts, family.PartEmbedding)
		for i := range c.Intermediate {
			parts = append(parts, family.Part(i))
		}
	}
	for _, p := range parts {
		list, err := c.tensors(p)
		if err != nil {
			return err
		}
		if err := family.Load(scope, w, list); err != nil {
			return err
		}
	}
	return nil
}

// tensors lists the tensors of a part.
func (c Config) tensors(part family.Part) (list []family.Tensor, err error) {
	add := func(name string, shape ...int) { list = append(list, family.Tensor{Name: name, Shape: shape}) }
	dense := func(path string, out, in int) {
		add(path+".weight", out, in)
		add(path+".bias", out)
	}
	norm := func(path string) {
		add(path+".weight", c.Hidden)
		add(path+".bias", c.Hidden)
	}
	switch {
	case part == family.PartEmbedding:
		add("embeddings.word_embeddings.weight", c.Vocab, c.Hidden)
		add("embeddings.position_embeddings.weight", c.MaxPositions, c.Hidden)
		add("embeddings.token_type_embeddings.weight", c.TypeVocab, c.Hidden)
		norm("embeddings.LayerNorm")
	case part == family.PartFinal: // nothing follows the last layer
	case part >= 0 && int(part) < len(c.Intermediate):
		path := layerPath(int(part))
		if c.hasAttention(int(part)) {
			for _, name := range []string{pathQuery, pathKey, pathValue, pathAttentionOutput} {
				dense(path+name, c.Hidden, c.Hidden)
			}
		}
		norm(path + pathAttentionNorm)
		if width := c.Intermediate[part]; width > 0 {
			dense(path+pathUp, width, c.Hidden)
			dense(path+pathDown, c.Hidden, width)
		}
		norm(path + pathOutputNorm)
	default:
		return nil, fmt.Errorf("bert: no part %d: the model has %d layers", part, len(c.Intermediate))
	}
	return list, nil
}

// Paths of a layer's tensors below layerPath.
const (
	pathQuery           = "attention.self.query"
	pathKey             = "attention.self.key"
	pathValue           = "attention.self.value"
	pathAttentionOutput = "attention.output.dense"
	pathAttentionNorm   = "attention.output.LayerNorm"
	pathIntermediate    = "intermediate"
	pathUp              = "intermediate.dense"
	pathDown            = "output.dense"
	pathOutputNorm      = "output.LayerNorm"
)

func layerPath(i int) string { return "encoder.layer." + strconv.Itoa(i) + "." }
