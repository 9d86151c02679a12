package export

import (
	"fmt"
	"math"

	"github.com/effir/effir/wasm/model"
)

// llama reads checkpoints of the Llama family.
type llama struct{ src Source }

func (f llama) describe(m *model.Manifest, layers model.Layers, o *Options) {
	c := f.src.Config()
	m.Llama = &model.Llama{
		Hidden: c.HiddenSize, Heads: c.NumAttentionHeads, KVHeads: c.NumKeyValueHeads, HeadDim: c.HeadDim,
		Vocab: c.VocabSize, Epsilon: float32(c.RMSNormEps), Layers: layers, FinalNorm: !o.NoFinalNorm,
		Causal: c.Embedding == nil || !c.Embedding.Bidirectional,
	}
}

func (f llama) values(m *model.Manifest, slot model.Slot) (matrix, error) {
	hidden := m.Llama.Hidden
	switch slot.Name {
	case "embedding":
		return stack(f.src, hidden, part{"model.embed_tokens.weight", m.Llama.Vocab, m.Llama.Vocab})
	case "rope":
		return vector(ropeTable(m.MaxTokens, m.Llama.HeadDim, f.src.Config().RopeTheta), nil)
	case "final_norm":
		return vector(tensor(f.src, "model.norm.weight", hidden))
	}
	layer, name, err := layerPart(slot.Name)
	if err != nil {
		return matrix{}, err
	}
	return f.layer(m.Llama, layer, name)
}

func (f llama) layer(l *model.Llama, layer int, name string) (matrix, error) {
	c := f.src.Config()
	prefix := fmt.Sprintf("model.layers.%d.", layer)
	query, kv := l.Heads*l.HeadDim, l.KVHeads*l.HeadDim
	width, stored := c.MLPWidth(layer), l.MLP[layer]
	whole := func(name string, rows, columns int) (matrix, error) {
		return stack(f.src, columns, part{prefix + name, rows, rows})
	}
	switch name {
	case "attention_norm":
		return vector(tensor(f.src, prefix+"input_layernorm.weight", l.Hidden))
	case "mlp_norm":
		return vector(tensor(f.src, prefix+"post_attention_layernorm.weight", l.Hidden))
	case "qkv":
		return stack(f.src, l.Hidden, part{prefix + "self_attn.q_proj.weight", query, query},
			part{prefix + "self_attn.k_proj.weight", kv, kv}, part{prefix + "self_attn.v_proj.weight", kv, kv})
	case "output":
		return whole("self_attn.o_proj.weight", l.Hidden, query)
	case "gate_up":
		return stack(f.src, l.Hidden, part{prefix + "mlp.gate_proj.weight", width, stored}, part{prefix + "mlp.up_proj.weight", width, stored})
	case "down":
		return whole("mlp.down_proj.weight", l.Hidden, width)
	}
	return matrix{}, fmt.Errorf("export: no rule for tensor part %s", name)
}

// ropeTable is kernel.RoPE's table: angle position * theta^(-2i/headDim).
func ropeTable(positions, headDim int, theta float64) []float32 {
	half := headDim / 2
	table := make([]float32, 0, positions*headDim)
	for p := range positions {
		var sines []float32
		for i := range half {
			angle := float64(p) * math.Pow(theta, -2*float64(i)/float64(headDim))
			table = append(table, float32(math.Cos(angle)))
			sines = append(sines, float32(math.Sin(angle)))
		}
		table = append(table, sines...)
	}
	return table
}
