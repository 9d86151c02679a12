package export

import (
	"fmt"
	"strings"

	"github.com/effir/effir/wasm/model"
)

// bert reads checkpoints of the BERT family.
type bert struct{ src Source }

func (f bert) describe(m *model.Manifest, layers model.Layers, _ *Options) {
	c := f.src.Config()
	m.Bert = &model.Bert{
		Hidden: c.HiddenSize, Heads: c.NumAttentionHeads, Vocab: c.VocabSize,
		Epsilon: float32(c.LayerNormEps), Layers: layers,
	}
}

func (f bert) values(m *model.Manifest, slot model.Slot) (matrix, error) {
	hidden := m.Bert.Hidden
	switch slot.Name {
	case "embedding":
		return stack(f.src, hidden, part{"embeddings.word_embeddings.weight", m.Bert.Vocab, m.Bert.Vocab})
	case "positions":
		return f.positions(m.MaxTokens, hidden)
	case "embedding_norm":
		return vector(tensor(f.src, "embeddings.LayerNorm.weight", hidden))
	case "embedding_norm_bias":
		return vector(tensor(f.src, "embeddings.LayerNorm.bias", hidden))
	}
	layer, name, err := layerPart(slot.Name)
	if err != nil {
		return matrix{}, err
	}
	return f.layer(m.Bert, layer, name)
}

// positions returns the first rows of the position table with the embedding of
// token type 0, which all our tokens have, added to each.
func (f bert) positions(count, hidden int) (matrix, error) {
	c := f.src.Config()
	positions, err := tensor(f.src, "embeddings.position_embeddings.weight", c.MaxPositionEmbeddings, hidden)
	if err != nil {
		return matrix{}, err
	}
	types, err := tensor(f.src, "embeddings.token_type_embeddings.weight", c.TypeVocabSize, hidden)
	if err != nil {
		return matrix{}, err
	}
	sum := make([]float32, count*hidden)
	for i := range sum {
		sum[i] = positions[i] + types[i%hidden]
	}
	return matrix{sum, count, hidden}, nil
}

func (f bert) layer(b *model.Bert, layer int, name string) (matrix, error) {
	c := f.src.Config()
	prefix := fmt.Sprintf("encoder.layer.%d.", layer)
	width, stored := c.MLPWidth(layer), b.MLP[layer]
	if name, ok := strings.CutSuffix(name, "_norm"); ok {
		return vector(tensor(f.src, prefix+norms[name]+".weight", b.Hidden))
	}
	if name, ok := strings.CutSuffix(name, "_norm_bias"); ok {
		return vector(tensor(f.src, prefix+norms[name]+".bias", b.Hidden))
	}
	name, bias := strings.CutSuffix(name, "_bias")
	var sources []part
	columns := b.Hidden
	switch name {
	case "qkv":
		sources = []part{{"attention.self.query", b.Hidden, b.Hidden}, {"attention.self.key", b.Hidden, b.Hidden}, {"attention.self.value", b.Hidden, b.Hidden}}
	case "output":
		sources = []part{{"attention.output.dense", b.Hidden, b.Hidden}}
	case "up":
		sources = []part{{"intermediate.dense", width, stored}}
	case "down":
		sources, columns = []part{{"output.dense", b.Hidden, b.Hidden}}, width
	default:
		return matrix{}, fmt.Errorf("export: no rule for tensor part %s", name)
	}
	if bias {
		return f.biases(prefix, sources)
	}
	for i := range sources {
		sources[i].name = prefix + sources[i].name + ".weight"
	}
	return stack(f.src, columns, sources...)
}

// norms maps sub-layers to the modules that hold their norm.
var norms = map[string]string{"attention": "attention.output.LayerNorm", "mlp": "output.LayerNorm"}

// biases reads biases and lays them one behind the other.
func (f bert) biases(prefix string, parts []part) (matrix, error) {
	var all []float32
	for _, p := range parts {
		data, err := tensor(f.src, prefix+p.name+".bias", p.rows)
		if err != nil {
			return matrix{}, err
		}
		all = append(append(all, data...), make([]float32, p.stored-p.rows)...)
	}
	return vector(all, nil)
}
